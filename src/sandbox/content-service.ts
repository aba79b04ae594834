import type { AcceptedKeys } from './accepted-keys.ts'
import { type Answer, contentError, jsonAnswer, missingAuthenticationToken } from './answer.ts'
import type { Connector, ConnectorStore, ConnectorType } from './connector-store.ts'
import { headerValues, type ReceivedRequest } from './request-reader.ts'
import { type SeededRandom, uuid4 } from './seeded-random.ts'

/** What a request may ask for. */
export const operations = ['sync', 'list', 'read', 'other'] as const
/** Which of the three operations a request names; `other` is everything that does not exist. */
export type Operation = (typeof operations)[number]

/** Where a request goes, by its method and path alone. */
export type Destination = { readonly operation: Operation; readonly connectorId: string | null }

const collection = '/contents/v1/connectors'
const single = /^\/contents\/v1\/connectors\/([^/]+)(\/sync)?$/
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Finds the operation. Paths are compared as they are: nothing is decoded and a trailing slash is another path. */
export function destinationOf({ method, path }: Pick<ReceivedRequest, 'method' | 'path'>): Destination {
  if (path === collection && method === 'GET') return { operation: 'list', connectorId: null }
  const [, id, sync] = single.exec(path) ?? []
  const connectorId = id?.toLowerCase() ?? null
  if (id !== undefined && sync === undefined && method === 'GET') return { operation: 'read', connectorId }
  if (sync !== undefined && method === 'POST') return { operation: 'sync', connectorId }
  return { operation: 'other', connectorId }
}

/** The published rules of the three operations. */
export class ContentService {
  readonly #keys: AcceptedKeys
  readonly #connectors: ConnectorStore
  readonly #requestIds: SeededRandom

  constructor(keys: AcceptedKeys, connectors: ConnectorStore, requestIds: SeededRandom) {
    this.#keys = keys
    this.#connectors = connectors
    this.#requestIds = requestIds
  }

  nextRequestId(): string {
    return uuid4(this.#requestIds)
  }

  answer(request: ReceivedRequest, { operation, connectorId }: Destination): Answer {
    if (operation === 'other') return missingAuthenticationToken()
    // Two keys are none: which of them would count is nowhere published.
    const sent = headerValues(request.headers, 'x-api-key')
    const userId = sent.length === 1 ? this.#keys.userOf(sent[0]) : null
    if (userId === null) return this.#fail(401, 'Invalid or missing API key')
    if (operation === 'list') return jsonAnswer(200, { results: this.#connectors.visibleTo(userId) })
    if (connectorId === null || !uuid.test(connectorId)) return this.#fail(400, 'Malformed connector id')
    const body = operation === 'sync' ? jsonObject(request.payload) : {}
    if (body === null) return this.#fail(400, 'The body must be a JSON object')
    const connector = this.#connectors.find(userId, connectorId)
    if (connector === null) return this.#fail(404, 'Connector not found')
    return operation === 'read' ? jsonAnswer(200, connector) : this.#sync(connector, body)
  }

  #sync(connector: Connector, body: Record<string, unknown>): Answer {
    const refusal = syncRules[connector.type](body)
    if (refusal !== null) return this.#fail(400, refusal)
    this.#connectors.queueRun(connector.connector_id)
    // date_limit is only ever present for a type that takes it: the rules refused it for the others.
    return jsonAnswer(200, { connector_id: connector.connector_id, ...body, status: 'accepted' })
  }

  #fail(status: keyof typeof errorCodes, message: string): Answer {
    return contentError(status, message, errorCodes[status], this.nextRequestId())
  }
}

// No connector-specific errorCode is public: an invented one would be relied on.
const errorCodes = { 400: 'BadRequest', 401: 'Unauthorized', 404: 'NotFound' } as const

/** Why a body is refused for a connector of this type, or null. */
const syncRules: Record<ConnectorType, (body: Record<string, unknown>) => string | null> = {
  email: () => 'Unsupported connector type',
  sharepoint: body =>
    Object.keys(body).length > 0 ? 'The body must be empty for this connector type' : null,
  investment_research(body) {
    if (!('date_limit' in body)) return 'date_limit is required for this connector type'
    if (Object.keys(body).length > 1) return 'Unknown field in the body'
    return isCalendarDate(body['date_limit']) ? null : 'date_limit must be a date, YYYY-MM-DD'
  }
}

function isCalendarDate(value: unknown): boolean {
  if (typeof value !== 'string' || !/^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false
  const time = Date.parse(`${value}T00:00:00Z`)
  // Date.parse takes 2026-02-30 for 2 March; what comes back must be what went in.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value)
}

function jsonObject(payload: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
