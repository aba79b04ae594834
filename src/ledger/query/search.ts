import type { DatabaseSync } from 'node:sqlite'
import type { PageRequest } from '../../contract/pagination.ts'
import { type ChainedEntry, exportLine, type LedgerEntry } from '../entry/entry.ts'
import type { Outcome, Term } from '../entry/terms.ts'
import { termsOf } from '../entry/terms.ts'
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

/** One page of what was found, newest first. `next` continues it; null on the last page. */
export type Found = { readonly items: readonly LedgerEntry[]; readonly next: string | null }

/** An entry that fits, and its position in the ledger. */
export type Match = { readonly position: number; readonly entry: LedgerEntry }

/** Entries that fit, newest first: in the order of their commits, not of the clocks that stamped them. A cursor is a position. */
export function searchLedger(database: DatabaseSync, search: Search, { limit, cursor }: PageRequest): Found {
  const items: LedgerEntry[] = []
  let last = 0
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
  for (const { position, entry } of matches(database, search, before)) {
    // One more than the page: it only tells that there is a next one.
    if (items.length === limit) return { items, next: String(last) }
    items.push(entry)
    last = position
  }
  return { items, next: null }
}

/** All entries that fit, at positions before `before`, newest first, as far as they are asked for. */
export function* matches(database: DatabaseSync, search: Search, before: number): Generator<Match> {
  const query = { ...toQuery(search), before }
  for (const { position, text, hash } of indexScan(database, query))
    if (fits(text, query)) yield { position, entry: toEntry(text, hash) }
}

/** Whether a text can be a cursor of `searchLedger`. */
export function isCursor(text: string): boolean {
  return /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text))
}

/** The whole story of one request: all its entries, oldest first; none when the ledger knows no such request. */
export function entriesOfRequest(database: DatabaseSync, requestId: string): LedgerEntry[] {
  return searchLedger(database, { requestId }, { limit: Number.MAX_SAFE_INTEGER }).items.toReversed()
}

function toQuery(search: Search): Omit<Query, 'before'> {
  const { tenant, keyId, connectorId, kind, code, outcome, requestId, since, until } = search
  const terms: (Term | false)[] = [
    tenant !== undefined && `tenant=${tenant}`,
    keyId !== undefined && `key_id=${keyId}`,
    connectorId !== undefined && `connector_id=${connectorId.toLowerCase()}`,
    code !== undefined && `code=${code}`,
    outcome !== undefined && `outcome=${outcome}`,
    kind !== undefined && kindTerm(kind)
  ]
  return {
    terms: terms.filter(term => term !== false),
    kindStart: kind?.endsWith('*') ? kind.slice(0, -1) : undefined,
    requestId: requestId?.toLowerCase(),
    since: since && timeText(since),
    until: until && timeText(until)
  }
}

const latest = new Date('9999-12-31T23:59:59.999Z')

/** Times are compared as texts, which goes for years of four digits. An offset can lead past them. */
function timeText(time: Date): string {
  return (time > latest ? latest : time).toISOString()
}

/** A family that is no whole one, such as `call.o*`, is looked for in the smallest that holds it. */
function kindTerm(kind: string): Term | false {
  if (!kind.endsWith('*')) return `kind=${kind}`
  const dot = kind.lastIndexOf('.')
  return dot !== -1 && `kind=${kind.slice(0, dot)}.*`
}

/** Asked of every candidate: what the index says is never relied upon. */
function fits(text: string, { terms, kindStart, requestId, since, until }: Query): boolean {
  const entry = JSON.parse(text) as ChainedEntry
  const own = new Set(termsOf(text))
  return (
    terms.every(term => own.has(term)) &&
    (requestId === undefined || entry.request_id === requestId) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until) &&
    (kindStart === undefined || entry.kind.startsWith(kindStart))
  )
}

/** The entry with its members in the order in which an export prints them. */
function toEntry(text: string, hash: string): LedgerEntry {
  const entry = JSON.parse(text) as ChainedEntry
  return JSON.parse(exportLine({ ...entry, hash })) as LedgerEntry
}
