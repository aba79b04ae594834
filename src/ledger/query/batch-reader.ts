import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Head } from '../entry/chain.ts'
import { memberOf } from '../entry/terms.ts'

/** A row of the ledger's table: entries that were stored together, by one writer. */
export type StoredBatch = {
  /** The position of the first entry: entries are numbered from 1 in the order of their commits. */
  readonly id: number
  /** How many entries the row claims to hold. */
  readonly entries: number
  readonly writer: string
  /** The number of the first entry in its writer's chain. */
  readonly firstSeq: number
  /** In hex. */
  readonly hashes: readonly string[]
  readonly texts: readonly string[]
}

const hashBytes = 32
/**
 * About as many entries a read. Each is short: a long one would keep the log of a running gateway from shrinking, and what it
 * read would outlive V8's young generation.
 */
const entriesPerRead = 250

/** Entries that were still to be read have been pruned. */
export function prunedMeanwhile(): DomainError {
  return domainError('ledger_pruned', 'the ledger was pruned while it was read: try again')
}

/** All batches behind position `after`, in the order of their commits. Throws `ledger_pruned` when some are gone. */
export function* batchesAfter(database: DatabaseSync, after = 0): Generator<StoredBatch> {
  // Rows differ in size, from one entry to hundreds: as many are read as held enough the last time.
  for (let last = after, rowsPerRead = 1; ; ) {
    const batches = [...select(database, 'id > ? ORDER BY id LIMIT ?', last, rowsPerRead)]
    // Checked after the read: what it did not find was pruned before it.
    if (prunePosition(database) > last) throw prunedMeanwhile()
    yield* batches
    const lastBatch = batches.at(-1)
    if (!lastBatch || batches.length < rowsPerRead) return
    last = lastBatch.id
    const entries = batches.reduce((sum, batch) => sum + Math.max(1, batch.entries), 0)
    rowsPerRead = Math.max(1, Math.round((batches.length * entriesPerRead) / entries))
  }
}

/** The batches that hold the positions from `first` to `last`, in order. */
export function batchesBetween(database: DatabaseSync, first: number, last: number): Generator<StoredBatch> {
  const firstId = 'coalesce((SELECT max(id) FROM ledger_batch WHERE id <= ?), 0)'
  return select(database, `id >= ${firstId} AND id <= ? ORDER BY id`, first, last)
}

export type StoredEntry = { readonly position: number; readonly text: string; readonly hash: string }

/** The entries at the positions from `first` to `last`, in order. */
export function* entriesBetween(database: DatabaseSync, first: number, last: number): Generator<StoredEntry> {
  for (const { id, texts, hashes } of batchesBetween(database, first, last))
    for (const [index, text] of texts.entries()) {
      const position = id + index
      if (position >= first && position <= last) yield { position, text, hash: hashes[index] ?? '' }
    }
}

/** The batches of one writer that hold entries from number `seq` on, in order. */
export function batchesOf(database: DatabaseSync, writer: string, seq: number): Generator<StoredBatch> {
  const first = 'coalesce((SELECT max(first_seq) FROM ledger_batch WHERE writer = ?1 AND first_seq <= ?2), 0)'
  return select(database, `writer = ?1 AND first_seq >= ${first} ORDER BY first_seq`, writer, seq)
}

type Row = [id: number, entries: number, writer: string, firstSeq: number, hashes: Uint8Array, texts: string]

function* select(database: DatabaseSync, where: string, ...values: SQLInputValue[]): Generator<StoredBatch> {
  const read = database.prepare(
    `SELECT id, entries, writer, first_seq, hashes, texts FROM ledger_batch WHERE ${where}`
  )
  read.setReturnArrays(true)
  for (const row of read.iterate(...values)) {
    const [id, entries, writer, firstSeq, hashes, texts] = row as unknown as Row
    yield { id, entries, writer, firstSeq, hashes: toHex(hashes), texts: texts.split('\n') }
  }
}

/** One conversion for all: one for each would cost more than to read them. */
function toHex(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  const hashes: string[] = []
  for (let at = 0; at < hex.length; at += 2 * hashBytes) hashes.push(hex.slice(at, at + 2 * hashBytes))
  return hashes
}

export function entryAt(
  database: DatabaseSync,
  { writer, seq }: Pick<Head, 'writer' | 'seq'>
): Omit<StoredEntry, 'text'> | undefined {
  const [batch] = batchesOf(database, writer, seq)
  const index = seq - (batch?.firstSeq ?? 0)
  if (!batch || index < 0 || index >= batch.entries) return undefined
  return { position: batch.id + index, hash: batch.hashes[index] ?? '' }
}

/** Up to which position the ledger has been pruned, or 0. */
export function prunePosition(database: DatabaseSync): number {
  const row = database.prepare('SELECT max(position) AS position FROM ledger_cut').get()
  return Number(row?.['position'] ?? 0)
}

/** The time of the oldest entry, null in an empty ledger, and whether there were older ones. */
export function beginning(database: DatabaseSync): { at: string | null; isPruned: boolean } {
  const position = prunePosition(database)
  const [oldest] = select(database, 'id > ? ORDER BY id LIMIT 1', position)
  return { at: memberOf(oldest?.texts[0] ?? '', 'at') ?? null, isPruned: position > 0 }
}

/** The position right before the row that holds `position`; the position itself when that is the prune point. */
export function positionBeforeRow(database: DatabaseSync, position: number): number {
  const [row] = batchesBetween(database, position, position)
  return row && row.id > prunePosition(database) ? row.id - 1 : position
}
