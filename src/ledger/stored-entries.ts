import type { DatabaseSync } from 'node:sqlite'
import { type FoundEntry, type MalformedEntry, readStored } from './found-entry.ts'

/** A row of the ledger: its place in commit order, its text and its hash in hex. */
export type LedgerRow = readonly [id: number, entry: string, hash: string]

/** The columns of a `LedgerRow`. SQLite makes the hex: a byte array for each row would cost more than the reading. */
export const ledgerColumns = 'id, entry, lower(hex(hash)) AS hash'

/** Rows a batch. Each batch is a read of its own: a long one would keep the log of a running gateway from shrinking. */
const batchSize = 1000

/** All rows after the one with `id` `after`, in commit order, in batches. */
export function* ledgerRows(database: DatabaseSync, after = 0): Generator<readonly LedgerRow[]> {
  // Reads no generated column: those of a text that is no JSON cannot be computed.
  const read = database.prepare(`SELECT ${ledgerColumns} FROM ledger WHERE id > ? ORDER BY id LIMIT ?`)
  read.setReturnArrays(true)
  for (let last = after; ; ) {
    const rows = read.all(last, batchSize) as unknown as LedgerRow[]
    if (rows.length > 0) yield rows
    const lastRow = rows.at(-1)
    if (!lastRow || rows.length < batchSize) return
    last = lastRow[0]
  }
}

/** All entries of a store, in batches, for `verifyLedger`. */
export function* storedEntries(database: DatabaseSync): Generator<readonly (FoundEntry | MalformedEntry)[]> {
  for (const rows of ledgerRows(database))
    yield rows.map(([id, text, hash]) => readStored(`row ${id}`, text, hash))
}
