import type { OutcomeFacts } from '../ledger/entry/entry.ts'
import { type Outcome, statusOf } from './outcome.ts'

/** What the ledger holds of a send that has ended, on behalf of a request that arrived at `startedAt`. */
export function outcomeFacts(
  { code, forwarded, upstream, state, unreachable, limit }: Outcome<unknown>,
  { startedAt }: { readonly startedAt: number },
  { echoed, upstreamMs }: { readonly echoed: boolean; readonly upstreamMs: number }
): OutcomeFacts {
  return {
    code,
    status: statusOf(code),
    forwarded,
    upstream_status: upstream?.status,
    upstream_request_id: upstream?.request_id,
    upstream_state: state,
    duration_ms: Math.round(performance.now() - startedAt),
    upstream_ms: upstreamMs,
    cause: unreachable,
    limit,
    incident: echoed ? 'credential_echoed' : undefined
  }
}
