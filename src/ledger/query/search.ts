import type { DatabaseSync } from 'node:sqlite'
import type { Page, PageRequest } from '../../contract/pagination.ts'
import type { LedgerEntry } from '../entry/entry.ts'
import { fieldIn, memberOf, type Outcome, type Term } from '../entry/terms.ts'
import { exportedText } from './export.ts'
import { indexScan, type Query } from './index-scan.ts'

/** Which entries to find: those that fit every member given. */
export type Search = {
  readonly tenant?: string | undefined
  readonly keyId?: string | undefined
  readonly connectorId?: string | undefined
  /** A kind, or the beginning of one and a star: `call.*`. */
  readonly kind?: string | undefined
  readonly code?: string | undefined
  readonly outcome?: Outcome | undefined
  readonly requestId?: string | undefined
  /** The first time that fits, and the first after it that no longer does. */
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

/** An entry that fits, with its members in the order of an export, and its position in the ledger. */
export type Match = { readonly position: number; readonly entry: LedgerEntry }

/** Entries that fit, newest first: in the order of their commits, not of the clocks that stamped them. */
export function searchLedger(
  database: DatabaseSync,
  search: Search,
  { limit, cursor }: PageRequest
): Page<LedgerEntry> {
  const before = cursor === undefined ? undefined : Number(cursor)
  // One more than the page: it only shows that there is a next one.
  const found = [...matches(database, search, before).take(limit + 1)]
  const page = found.slice(0, limit)
  return {
    items: page.map(({ entry }) => entry),
    next: found.length > limit ? String(page.at(-1)?.position ?? 0) : null
  }
}

/** All entries that fit, at positions before `before`, newest first, as far as the caller reads on. */
export function* matches(
  database: DatabaseSync,
  search: Search,
  before = Number.MAX_SAFE_INTEGER
): Generator<Match> {
  const query = { ...toQuery(search), before }
  for (const stored of indexScan(database, query))
    if (fits(stored.text, query)) yield { position: stored.position, entry: JSON.parse(exportedText(stored)) }
}

export function isCursor(text: string): boolean {
  return /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text))
}

/** All entries of one request, oldest first; none when the ledger has no such request. */
export function entriesOfRequest(database: DatabaseSync, requestId: string): LedgerEntry[] {
  return [...matches(database, { requestId })].map(({ entry }) => entry).reverse()
}

function toQuery(search: Search): Omit<Query, 'before'> {
  const { tenant, keyId, connectorId, kind, code, outcome, requestId, since, until } = search
  const isFamily = kind?.endsWith('*')
  const values = {
    tenant,
    key_id: keyId,
    connector_id: connectorId?.toLowerCase(),
    code,
    outcome,
    kind: isFamily ? undefined : kind
  }
  return {
    terms: Object.entries(values).filter((term): term is [...Term] => term[1] !== undefined),
    kindStart: isFamily ? kind?.slice(0, -1) : undefined,
    requestId: requestId?.toLowerCase(),
    since: since && timeText(since),
    until: until && timeText(until)
  }
}

const latest = new Date('9999-12-31T23:59:59.999Z')

/** Times are compared as texts, which works for years of four digits. An offset can lead past them. */
function timeText(time: Date): string {
  return (time > latest ? latest : time).toISOString()
}

/** Checks every candidate by its text: the index may be wrong. */
function fits(text: string, { terms, kindStart, requestId, since, until }: Query): boolean {
  return (
    terms.every(([field, value]) => fieldIn(text, field) === value) &&
    (requestId === undefined || memberOf(text, 'request_id') === requestId) &&
    (since === undefined || (memberOf(text, 'at') ?? '') >= since) &&
    (until === undefined || (memberOf(text, 'at') ?? '') < until) &&
    (kindStart === undefined || (memberOf(text, 'kind') ?? '').startsWith(kindStart))
  )
}
