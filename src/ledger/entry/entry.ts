import type { Forwarded, ProblemCode } from '../../contract/problem.ts'

/** What an entry records. The list is closed: a reader can rely on it. */
export type EntryKind =
  | 'call.intent'
  | 'call.outcome'
  | 'call.rejected'
  | 'writer.opened'
  | 'writer.recovered'
  | 'writer.closed'
  | 'checkpoint'
  | `admin.${string}`

/**
 * How a call ended, as the ledger tells it: `accepted`, a problem's code, or one of two ends that no caller
 * ever sees: a crash left the call open, or the caller left before anything was sent.
 */
export type OutcomeCode = 'accepted' | ProblemCode | 'outcome_unknown' | 'client_disconnected'

/** The facts of an entry, before it takes its place in a chain. A member that does not apply is absent or undefined. */
export type EntryFields = {
  /** RFC 3339, milliseconds, UTC. */
  at: string
  kind: EntryKind
  request_id?: string | undefined
  tenant?: string | undefined
  key_id?: string | undefined
  connector_id?: string | undefined
  operation?: string | undefined
  /** 1 for the first send of a request; counts only sends upstream. */
  attempt?: number | undefined
  client_ip?: string | undefined
  /** What was asked for, as sent upstream. */
  request?: { readonly date_limit?: string } | undefined
  /** `name@version`, never material. */
  credential?: string | undefined
  /** The gateway's own HTTP status. */
  status?: number | undefined
  code?: OutcomeCode | undefined
  /** Whether the call reached the upstream: only an outcome can tell. */
  forwarded?: Forwarded | undefined
  upstream_status?: number | undefined
  upstream_request_id?: string | undefined
  /** The state that the upstream's valid answer gave, known or not: letters and underscores, 32 at most. */
  upstream_state?: string | undefined
  /** Whole milliseconds from the request's arrival. */
  duration_ms?: number | undefined
  /** Whole milliseconds of `duration_ms` that were spent upstream. */
  upstream_ms?: number | undefined
  /** Why a caller was not admitted. Callers never learn it. */
  reason?: string | undefined
  /** Why the upstream could not be reached. */
  cause?: string | undefined
  /** Whose limit refused the call. */
  limit?: string | undefined
  /** What the operator has to look at: the upstream's answer held one of our keys. */
  incident?: 'credential_echoed' | undefined
  /** Facts of one kind only, e.g. how many rejections an aggregate stands for. */
  [extra: string]: unknown
}

/** What is known of a call before it is sent: the facts that its intent and its outcome share. */
export type CallFacts = {
  readonly request_id: string
  /** Undefined, like the key, the connector and the address, for a call that the gateway makes for itself. */
  readonly tenant: string | undefined
  readonly key_id: string | undefined
  readonly connector_id: string | undefined
  readonly operation: string
  readonly attempt: number
  readonly client_ip: string | undefined
  readonly request: { readonly date_limit?: string }
  readonly credential: string
}

/** What became of a call. A member that does not apply is undefined; `status` is when nobody is there to be answered. */
export type OutcomeFacts = {
  readonly code: OutcomeCode
  readonly status: number | undefined
  readonly forwarded: Forwarded
  readonly upstream_status: number | undefined
  readonly upstream_request_id: string | undefined
  readonly upstream_state?: string | undefined
  readonly duration_ms: number
  readonly upstream_ms?: number | undefined
  readonly cause?: string | undefined
  readonly limit?: string | undefined
  readonly incident?: 'credential_echoed' | undefined
}

/** A request that was refused before any call was made. A member that is not known is undefined. */
export type RejectionFacts = {
  readonly request_id: string
  readonly code: OutcomeCode
  readonly status: number
  readonly client_ip: string
  readonly tenant: string | undefined
  readonly key_id: string | undefined
  readonly connector_id: string | undefined
  readonly operation: string
  readonly reason?: string | undefined
  readonly limit?: string | undefined
}

/** An entry in its place: `prev` is the hash of the entry before it in the same writer's chain. */
export type ChainedEntry = EntryFields & { writer: string; seq: number; prev: string }

/** An entry as exported. */
export type LedgerEntry = ChainedEntry & { hash: string }

/** The order in which an export prints members; members not listed here follow in alphabetical order. */
export const exportOrder = [
  'writer',
  'seq',
  'at',
  'kind',
  'request_id',
  'tenant',
  'key_id',
  'connector_id',
  'operation',
  'attempt',
  'client_ip',
  'request',
  'credential',
  'status',
  'code',
  'upstream_status',
  'upstream_request_id',
  'duration_ms',
  'prev',
  'hash'
] as const

/** One export line: the known members in their fixed order, then unknown ones in alphabetical order. */
export function exportLine(entry: LedgerEntry): string {
  const facts: Readonly<Record<string, unknown>> = entry
  // Nothing is inherited: a member may have any name.
  const ordered: Record<string, unknown> = Object.create(null)
  for (const name of exportOrder) if (facts[name] !== undefined) ordered[name] = facts[name]
  for (const name of Object.keys(facts).sort()) if (!(name in ordered)) ordered[name] = facts[name]
  return JSON.stringify(ordered)
}
