import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type ChainedEntry, exportLine, type LedgerEntry } from './entry.ts'
import { type LedgerRow, ledgerColumns } from './stored-entries.ts'

/** Which entries to find: those that fit every member given. */
export type Search = {
  readonly tenant?: string
  readonly keyId?: string
  readonly connectorId?: string
  /** A kind, or the beginning of one and a star: `call.*`. */
  readonly kind?: string
  readonly code?: string
  readonly requestId?: string
  /** The first time that fits, and the first after it that no longer does. */
  readonly since?: Date
  readonly until?: Date
}

/** Which page: at most `limit` entries older than the place that `cursor`, of an earlier page, stands for. */
export type SearchPage = { readonly limit: number; readonly cursor?: string }

/** One page of what was found, newest first. `next` continues it; null on the last page. */
export type Found = { readonly items: readonly LedgerEntry[]; readonly next: string | null }

type Condition = readonly [sql: string, value: (search: Search) => SQLInputValue | undefined]

const conditions: readonly Condition[] = [
  [`entry ->> 'tenant' = ?`, search => search.tenant],
  [`entry ->> 'key_id' = ?`, search => search.keyId],
  [`entry ->> 'connector_id' = ?`, search => search.connectorId?.toLowerCase()],
  ['kind = ?', search => (search.kind?.endsWith('*') ? undefined : search.kind)],
  ['kind GLOB ?', search => (search.kind?.endsWith('*') ? search.kind : undefined)],
  [`entry ->> 'code' = ?`, search => search.code],
  ['request_id = ?', search => search.requestId?.toLowerCase()],
  [`entry ->> 'at' >= ?`, search => search.since?.toISOString()],
  [`entry ->> 'at' < ?`, search => search.until?.toISOString()]
]

/** Entries that fit, newest first: in the order of their commits, not of the clocks that stamped them. */
export function searchLedger(database: DatabaseSync, search: Search, { limit, cursor }: SearchPage): Found {
  const used = conditions.flatMap(([sql, read]) => {
    const value = read(search)
    return value === undefined ? [] : [{ sql, value }]
  })
  const before = cursor === undefined ? [] : [{ sql: 'id < ?', value: Number(cursor) }]
  const where = [...used, ...before].map(({ sql }) => sql).join(' AND ')
  const statement = database.prepare(
    `SELECT ${ledgerColumns} FROM ledger ${where && `WHERE ${where}`} ORDER BY id DESC LIMIT ?`
  )
  statement.setReturnArrays(true)
  const values = [...used, ...before].map(({ value }) => value)
  // One row more than the page: it only tells that there is a next one.
  const rows = statement.all(...values, limit + 1) as unknown as LedgerRow[]
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(asEntry),
    next: rows.length > limit && last !== undefined ? String(last[0]) : null
  }
}

/** Whether a text can be a cursor of `searchLedger`. */
export function isCursor(text: string): boolean {
  return /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text))
}

/** The whole story of one request: all its entries, oldest first; none when the ledger knows no such request. */
export function storyOf(database: DatabaseSync, requestId: string): LedgerEntry[] {
  const statement = database.prepare(`SELECT ${ledgerColumns} FROM ledger WHERE request_id = ? ORDER BY id`)
  statement.setReturnArrays(true)
  return (statement.all(requestId.toLowerCase()) as unknown as LedgerRow[]).map(asEntry)
}

/** The entry with its members in the order in which an export prints them. */
function asEntry([, text, hash]: LedgerRow): LedgerEntry {
  const entry = JSON.parse(text) as ChainedEntry
  return JSON.parse(exportLine({ ...entry, hash })) as LedgerEntry
}
