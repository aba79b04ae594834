import type { SandboxOwner } from './accepted-keys.ts'
import type { SandboxClock } from './clock.ts'
import { type SeededRandom, seededRandom, uuid4, uuid7 } from './seeded-random.ts'

const connectorTypes = ['investment_research', 'sharepoint', 'email'] as const
export type ConnectorType = (typeof connectorTypes)[number]

/** A connector as the upstream shows it. Times are RFC 3339 in UTC. */
export type Connector = {
  connector_id: string
  user_id: string
  org_id: string
  share_with_org: boolean
  label: string
  type: ConnectorType
  created_at: string
  updated_at: string
  archived: boolean
  description: string
  config: Record<string, unknown>
  files_count: number
  last_sync_at: string | null
  last_sync_status: string | null
  last_sync_error_msg: string | null
  last_sync_count: number | null
}

/** What a test may fix about a connector; the rest is drawn from the seed. */
export type ConnectorSpec = Partial<Connector> & { readonly type: ConnectorType }

export type ConnectorStoreOptions = {
  seed: number
  owner: SandboxOwner
  clock: SandboxClock
  /** How long one queued run takes, in milliseconds of the clock. */
  syncDurationMs: number
  /** How many connectors to draw, in the order of `connectorTypes`, or exactly which. */
  connectors: number | readonly ConnectorSpec[]
}

// Not the clock's time: the same seed gives the same ids on every day.
const firstCreatedMs = Date.UTC(2026, 0, 1)
const minuteMs = 60_000

/** The connectors and their queued runs. A run is finished by reading after its time: no timer is left behind. */
export class ConnectorStore {
  readonly #connectors = new Map<string, Connector>()
  readonly #runs = new Map<string, number[]>()
  readonly #options: ConnectorStoreOptions
  readonly #counts: SeededRandom

  constructor(options: ConnectorStoreOptions) {
    this.#options = options
    this.#counts = seededRandom(options.seed, 'sync-counts')
    const random = seededRandom(options.seed, 'connectors')
    for (const [index, spec] of specs(options.connectors).entries()) {
      const connector = drawConnector(random, options.owner, index, spec)
      this.#connectors.set(connector.connector_id, connector)
    }
  }

  /** All connectors as they are now, whoever may see them. */
  all(): Connector[] {
    return Array.from(this.#connectors.values(), connector => this.#settled(connector))
  }

  /** Those the user owns, or that are shared in the organisation. */
  visibleTo(userId: string): Connector[] {
    return this.all().filter(connector => sees(userId, connector))
  }

  /** Null when there is none, and the same null when the user may not see it. */
  find(userId: string, connectorId: string): Connector | null {
    const connector = this.#connectors.get(connectorId.toLowerCase())
    if (connector === undefined || !sees(userId, connector)) return null
    return this.#settled(connector)
  }

  /** Queues one run, whether or not another is under way: it ends `syncDurationMs` from now. */
  queueRun(connectorId: string): void {
    const connector = this.#connectors.get(connectorId)
    if (connector === undefined) return
    // Settled here too: many runs that nobody reads about must not pile up.
    this.#settled(connector)
    const ends = this.#runs.get(connectorId) ?? []
    const end = this.#options.clock.nowMs() + this.#options.syncDurationMs
    // Runs that end in the same millisecond look like one to a reader: thousands a second need no more room.
    if (ends.at(-1) !== end) ends.push(end)
    this.#runs.set(connectorId, ends)
  }

  #settled(connector: Connector): Connector {
    const ends = this.#runs.get(connector.connector_id)
    const now = this.#options.clock.nowMs()
    while (ends?.[0] !== undefined && ends[0] <= now) {
      const finishedAt = new Date(ends.shift() as number).toISOString()
      const count = this.#counts.integer(20)
      connector.last_sync_at = finishedAt
      connector.updated_at = finishedAt
      connector.last_sync_status = 'SUCCESS'
      connector.last_sync_error_msg = null
      connector.last_sync_count = count
      connector.files_count += count
    }
    return { ...connector }
  }
}

function specs(connectors: number | readonly ConnectorSpec[]): readonly ConnectorSpec[] {
  if (typeof connectors !== 'number') return connectors
  return Array.from({ length: connectors }, (_, index) => ({
    type: connectorTypes[index % connectorTypes.length] as ConnectorType
  }))
}

function sees(userId: string, connector: Connector): boolean {
  return connector.user_id === userId || connector.share_with_org
}

function drawConnector(
  random: SeededRandom,
  owner: SandboxOwner,
  index: number,
  spec: ConnectorSpec
): Connector {
  const createdMs = firstCreatedMs + index * minuteMs
  const createdAt = new Date(createdMs).toISOString()
  const drawn: Connector = {
    connector_id: uuid7(random, createdMs),
    user_id: owner.user_id,
    org_id: owner.org_id,
    share_with_org: false,
    label: `${spec.type} ${index + 1}`,
    type: spec.type,
    created_at: createdAt,
    updated_at: createdAt,
    archived: false,
    description: `Sandbox connector ${index + 1}`,
    config: drawConfig(random, spec.type, owner),
    files_count: 0,
    last_sync_at: null,
    last_sync_status: null,
    last_sync_error_msg: null,
    last_sync_count: null
  }
  const connector = { ...drawn, ...spec }
  return { ...connector, connector_id: connector.connector_id.toLowerCase() }
}

function drawConfig(random: SeededRandom, type: ConnectorType, owner: SandboxOwner): Record<string, unknown> {
  // Drawn for every type, so that one connector's type does not shift the ids of those after it.
  const id = uuid4(random)
  const configs = {
    email: {
      allowed_emails: ['research@sandbox.example'],
      email_hash: id.slice(0, 8),
      email: `${id.slice(0, 8)}@in.sandbox.example`
    },
    investment_research: { user_id: owner.user_id },
    sharepoint: {}
  } satisfies Record<ConnectorType, Record<string, unknown>>
  return configs[type]
}
