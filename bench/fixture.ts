/** The facts that every process of the bench agrees on. */

/** The key the upstream asks for. Contenders with custody inject it; the others pass on the caller's. */
export const upstreamKey = 'bd_v2_bench00000000000000000000000000'

/** What a caller shows to the contenders that check callers themselves, except to the gateway: it issues its own. */
export const callerKey = 'bench-caller-key-000000000000000000000000'

/** One connector id per connection, so that an answer to another connection's request would be noticed. */
export function connectorId(index: number): string {
  return `019a9612-bfad-758c-884e-${index.toString(16).padStart(12, '0')}`
}

/** A request of the load, and what its answer must be. `{id}` stands for the connection's connector id. */
export interface RequestKind {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | null
  readonly status: number
  /** A text that every answer holds. */
  readonly answer: string
}

/** The upstream's own path, which the gateway takes too: all contenders are asked for the same one. */
const sync = {
  method: 'POST',
  path: '/contents/v1/connectors/{id}/sync',
  body: '{"date_limit":"2026-01-01"}'
} as const

export const requestKinds = {
  sync: { ...sync, status: 200, answer: '{id}' },
  hello: { method: 'GET', path: '/', body: null, status: 200, answer: '{"hello":"world"}' },
  credentialsInvalid: { ...sync, status: 401, answer: '"credentials_invalid"' },
  rateLimited: { ...sync, status: 429, answer: '"rate_limited"' },
  connectorNotFound: { ...sync, status: 404, answer: '"connector_not_found"' },
  requestInvalid: { ...sync, body: '{"date_limit":"2026-02-30"}', status: 400, answer: '"request_invalid"' }
} as const satisfies Record<string, RequestKind>

export type RequestName = keyof typeof requestKinds
