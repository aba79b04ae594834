/** The facts that every process of the bench agrees on. */

/** The key the upstream asks for. Contenders with custody inject it; the others pass on the caller's. */
export const upstreamKey = 'bd_v2_bench00000000000000000000000000'

/** What a caller shows to the contenders that check callers themselves, except to the gateway: it issues its own. */
export const callerKey = 'bench-caller-key-000000000000000000000000'

export const requestBody = '{"date_limit":"2026-01-01"}'

/** One connector id per connection, so that an answer to another connection's request would be noticed. */
export function connectorId(index: number): string {
  return `019a9612-bfad-758c-884e-${index.toString(16).padStart(12, '0')}`
}

/** The upstream's own path, which the gateway takes too: all contenders are asked for the same one. */
export function syncPath(id: string): string {
  return `/contents/v1/connectors/${id}/sync`
}
