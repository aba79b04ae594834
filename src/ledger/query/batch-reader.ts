import type { DatabaseSync } from 'node:sqlite'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import { memberOf } from '../entry/terms.ts'

/** A row of the ledger's table: entries that were stored together, by one writer. */
export type StoredBatch = {
  /** The position of the first entry: entries are numbered from 1 in the order of their commits. */
  readonly id: number
  /** How many entries it says to hold. */
  readonly entries: number
  readonly writer: string
  /** The number of the first entry in its writer's chain. */
  readonly firstSeq: number
  /** The hash of each entry, in hex. */
  readonly hashes: readonly string[]
  /** The canonical text of each entry. */
  readonly texts: readonly string[]
}

const hashBytes = 32
/** About as many entries a read. Each is short: a long one would keep the log of a running gateway from shrinking. */
const entriesPerRead = 1000

const columns = 'id, entries, writer, first_seq, hashes, texts'
type Row = [id: number, entries: number, writer: string, firstSeq: number, hashes: Uint8Array, texts: string]

/** Entries that were still to be read are gone, in order: a prune has moved the beginning of the ledger. */
export function prunedMeanwhile(): DomainError {
  return domainError('ledger_pruned', 'the ledger was pruned while it was read: try again')
}

/**
 * All batches of entries behind position `after`, in the order of their commits. Throws PrunedMeanwhile when some of them
 * have been pruned before they were read.
 */
export function* batchesAfter(database: DatabaseSync, after = 0): Generator<StoredBatch> {
  const read = database.prepare(`SELECT ${columns} FROM ledger_batch WHERE id > ? ORDER BY id LIMIT ?`)
  read.setReturnArrays(true)
  // Rows differ in size, from one entry to hundreds: as many are read as held enough the last time.
  for (let last = after, rowsPerRead = 1; ; ) {
    const rows = read.all(last, rowsPerRead) as unknown as Row[]
    // Asked after the read: what it did not find was cut before it.
    if (prunePosition(database) > last) throw prunedMeanwhile()
    yield* rows.map(toBatch)
    const lastRow = rows.at(-1)
    if (!lastRow || rows.length < rowsPerRead) return
    last = lastRow[0]
    const entries = rows.reduce((sum, [, count]) => sum + Math.max(1, count), 0)
    rowsPerRead = Math.min(entriesPerRead, Math.max(1, Math.round((rows.length * entriesPerRead) / entries)))
  }
}

/** The batches that hold the positions from `first` to `last`, in order. */
export function batchesBetween(database: DatabaseSync, first: number, last: number): StoredBatch[] {
  const read = database.prepare(
    `SELECT ${columns} FROM ledger_batch
     WHERE id >= coalesce((SELECT max(id) FROM ledger_batch WHERE id <= ?), 0) AND id <= ? ORDER BY id`
  )
  read.setReturnArrays(true)
  return (read.all(first, last) as unknown as Row[]).map(toBatch)
}

/** The same one by one, of each only where it begins and the texts, a line each. */
export function textsBetween(
  database: DatabaseSync,
  first: number,
  last: number
): IterableIterator<{ readonly id: number; readonly texts: string }> {
  return database
    .prepare(
      `SELECT id, texts FROM ledger_batch
       WHERE id >= coalesce((SELECT max(id) FROM ledger_batch WHERE id <= ?), 0) AND id <= ? ORDER BY id`
    )
    .iterate(first, last) as IterableIterator<{ id: number; texts: string }>
}

/** The batches of one writer that hold entries from number `seq` on, in order. */
export function batchesOf(database: DatabaseSync, writer: string, seq: number): StoredBatch[] {
  const read = database.prepare(
    `SELECT ${columns} FROM ledger_batch
     WHERE writer = ?1 AND first_seq >= coalesce(
       (SELECT max(first_seq) FROM ledger_batch WHERE writer = ?1 AND first_seq <= ?2), 0) ORDER BY first_seq`
  )
  read.setReturnArrays(true)
  return (read.all(writer, seq) as unknown as Row[]).map(toBatch)
}

/** Up to which position the ledger has been pruned, or 0. */
export function prunePosition(database: DatabaseSync): number {
  const row = database.prepare('SELECT max(position) AS position FROM ledger_cut').get()
  return Number(row?.['position'] ?? 0)
}

/** The time of the oldest entry that is kept, null in an empty ledger, and whether there were older ones. */
export function beginning(database: DatabaseSync): {
  readonly at: string | null
  readonly isPruned: boolean
} {
  const cut = prunePosition(database)
  const oldest = database.prepare('SELECT texts FROM ledger_batch WHERE id > ? ORDER BY id LIMIT 1').get(cut)
  return { at: memberOf(String(oldest?.['texts'] ?? ''), 'at') ?? null, isPruned: cut > 0 }
}

/** Where the row ends that comes before the one in which `position` is; the position itself when it is that of the cut. */
export function rowBefore(database: DatabaseSync, position: number): number {
  const row = database
    .prepare('SELECT max(id) - 1 AS before FROM ledger_batch WHERE id BETWEEN ? AND ?')
    .get(prunePosition(database) + 1, position)
  return Number(row?.['before'] ?? position)
}

function toBatch([id, entries, writer, firstSeq, hashes, texts]: Row): StoredBatch {
  return { id, entries, writer, firstSeq, hashes: toHex(hashes), texts: texts.split('\n') }
}

/** One conversion for all: one for each would cost more than to read them. */
function toHex(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  const hashes: string[] = []
  for (let at = 0; at < hex.length; at += 2 * hashBytes) hashes.push(hex.slice(at, at + 2 * hashBytes))
  return hashes
}
