import type { Forwarded, ProblemCode } from '../../contract/problem.ts'

/** What an entry records. The list is closed. */
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
 * `outcome_unknown` after a crash, `client_disconnected` when the caller left before anything was sent: no caller sees
 * them.
 */
export type OutcomeCode = 'accepted' | ProblemCode | 'outcome_unknown' | 'client_disconnected'

/** The name of a call: unique in the ledger for each kind of entry. */
export function callName({ request_id, attempt }: Pick<EntryFields, 'request_id' | 'attempt'>): string {
  return `${request_id} ${attempt}`
}

/** The facts of an entry, before it is appended to a chain. A member that does not apply is absent or undefined. */
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
  /** Whether the call reached the upstream: outcomes alone have it. */
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
  /** What needs the operator's attention: the upstream's answer contained one of our keys. */
  incident?: 'credential_echoed' | undefined
  /** Of an entry that counts many rejections: how many, from when to when, and how many in each second. */
  count?: number | undefined
  first_at?: string | undefined
  last_at?: string | undefined
  per_second?: readonly number[] | undefined
  /** Members of other kinds. */
  [extra: string]: unknown
}

/** Members that are always known. */
type Known<Name extends string> = { readonly [N in Name]: Exclude<EntryFields[N], undefined> }
/** Members that must be given, and are undefined where they do not apply. */
type Given<Name extends string> = { readonly [N in Name]: EntryFields[N] }

/** What is known of a call before it is sent. A call that the gateway makes for itself has no caller. */
export type CallFields = Known<'request_id' | 'operation' | 'attempt' | 'request' | 'credential'> &
  Given<'tenant' | 'key_id' | 'connector_id' | 'client_ip'>

/** How a call ended. `status` is undefined when the caller has left. */
export type OutcomeFields = Known<'code' | 'forwarded' | 'duration_ms'> &
  Given<'status' | 'upstream_status' | 'upstream_request_id'> &
  Partial<Given<'upstream_state' | 'upstream_ms' | 'cause' | 'limit' | 'incident'>>

/** A request that was refused before any call was made. */
export type RejectionFields = Known<'request_id' | 'code' | 'status' | 'client_ip' | 'operation'> &
  Given<'tenant' | 'key_id' | 'connector_id'> &
  Partial<Given<'reason' | 'limit'>>

/** An entry of a chain: `prev` is the hash of the entry before it in the same chain. */
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
  // No prototype: a member may have any name.
  const ordered: Record<string, unknown> = Object.create(null)
  for (const name of exportOrder) if (facts[name] !== undefined) ordered[name] = facts[name]
  for (const name of Object.keys(facts).sort()) if (!(name in ordered)) ordered[name] = facts[name]
  return JSON.stringify(ordered)
}
