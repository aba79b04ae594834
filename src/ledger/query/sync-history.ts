import type { DatabaseSync } from 'node:sqlite'
import { uuidTimeMs } from '../../base/uuid.ts'
import type { Page, PageRequest } from '../../contract/pagination.ts'
import type { SyncCall } from '../../contract/sync-call.ts'
import type { LedgerEntry } from '../entry/entry.ts'
import { outcomeIn } from '../entry/terms.ts'
import { beginning } from './batch-reader.ts'
import { segmentSize } from './postings.ts'
import { type Match, matches, type Search } from './search.ts'

/** `connectorId` is in lower case. */
export type HistoryRequest = PageRequest & { readonly tenant: string; readonly connectorId: string }

/** Newest first. */
export type SyncHistory = Page<SyncCall>

/** A tenant's calls of one connector. Null when the cursor is not one that this history gave. */
export function syncHistory(database: DatabaseSync, request: HistoryRequest): SyncHistory | null {
  const { tenant, connectorId, limit, cursor } = request
  const own: Search = { tenant, connectorId }
  const before = cursor === undefined ? undefined : intentPosition(database, own, cursor)
  if (cursor !== undefined && before === undefined)
    return isPruned(database, cursor) ? { items: [], next: null } : null
  const found = [...matches(database, { ...own, kind: 'call.intent' }, before).take(limit + 1)]
  const page = found.slice(0, limit)
  const outcomes = outcomesOf(database, own, page)
  return {
    items: page.map(({ entry }) => toCall(entry, outcomes.get(`${entry.request_id}`))),
    // An id that the caller knows anyway: a position would reveal how much the whole ledger holds.
    next: found.length > limit ? (page.at(-1)?.entry.request_id ?? null) : null
  }
}

function intentPosition(database: DatabaseSync, own: Search, requestId: string): number | undefined {
  const [intent] = matches(database, { ...own, requestId, kind: 'call.intent' })
  return intent?.position
}

/** Whether a call is so old that it was pruned, if there was one: then all that follow it in a history were too. */
function isPruned(database: DatabaseSync, requestId: string): boolean {
  const { at, isPruned } = beginning(database)
  return isPruned && uuidTimeMs(requestId) < Date.parse(at ?? '')
}

/** The outcomes of calls, by request. Nearly all follow their intents closely, in one pass; others are searched singly. */
function outcomesOf(database: DatabaseSync, own: Search, calls: readonly Match[]): Map<string, LedgerEntry> {
  const outcomes = new Map<string, LedgerEntry>()
  const kind = 'call.outcome'
  const [newest, oldest] = [calls[0]?.position ?? 0, calls.at(-1)?.position ?? 0]
  for (const { position, entry } of matches(database, { ...own, kind }, newest + segmentSize)) {
    if (position < oldest) break
    outcomes.set(`${entry.request_id}`, entry)
  }
  for (const { entry } of calls) {
    const requestId = `${entry.request_id}`
    if (outcomes.has(requestId)) continue
    const [late] = matches(database, { requestId, kind })
    if (late) outcomes.set(requestId, late.entry)
  }
  return outcomes
}

function toCall(intent: LedgerEntry, outcome: LedgerEntry | undefined): SyncCall {
  const { request_id, at, request, key_id } = intent
  const { code, upstream_status, upstream_request_id, duration_ms } = outcome ?? {}
  const call = {
    request_id: `${request_id}`,
    requested_at: at,
    status: outcome ? outcomeIn(outcome) : ('in_flight' as const),
    date_limit: request?.date_limit,
    key_id,
    code,
    upstream_status,
    upstream_request_id,
    finished_at: outcome?.at,
    duration_ms
  }
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as SyncCall
}
