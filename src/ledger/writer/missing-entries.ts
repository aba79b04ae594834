import type { DatabaseSync } from 'node:sqlite'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import type { Head } from '../entry/chain.ts'
import { newestHead } from '../entry/writer-opened.ts'
import { endedBefore, newestPrunePoint } from '../retention/prune-point.ts'
import { forgetHeadRecord, readHeadRecords, recordHead } from './head-record.ts'

/** A chain that lacks entries in the store, though they were acknowledged. */
export type MissingEntries = {
  readonly writer: string
  /** The number of the latest entry that was acknowledged, as far as is known. */
  readonly acknowledged: number
  /** The number of the last of them that is there, or 0. */
  readonly stored: number
}

/** Where operators read what to do. */
export const missingEntriesRemedy = 'see "Missing entries" in docs/operations.md'

/** One line for people. */
export function describeMissing({ writer, acknowledged, stored }: MissingEntries): string {
  return `entries are missing: those of writer ${writer} were acknowledged up to ${acknowledged}, and the store holds them up to ${stored}`
}

/** What the records beside a store know and the store does not. Throws StoreError when they cannot be read. */
export function missingEntries({ path, raw }: Pick<StoreFile, 'path' | 'raw'>): MissingEntries[] {
  // Read first: a record is never ahead of the store.
  const records = readHeadRecords(path)
  return records.flatMap(record => {
    const stored = storedOf(raw, record)
    return stored === null ? [] : [{ writer: record.writer, acknowledged: record.seq, stored }]
  })
}

/** Up to which entry the store holds a chain that it should hold up to `head`, or null when it does. */
function storedOf(raw: DatabaseSync, head: Head): number | null {
  const newest = newestHead(raw, head.writer)
  if (!newest) return wentWithCut(raw, head) ? null : 0
  if (newest.seq < head.seq) return newest.seq
  const there = hashAt(raw, head)
  return there === null || there === head.hash ? null : head.seq - 1
}

/** The hash of the entry at a head's place, or null when it has been pruned. */
function hashAt(raw: DatabaseSync, { writer, seq }: Head): string | null {
  const row = raw
    .prepare(
      `SELECT lower(hex(substr(hashes, (?2 - first_seq) * 32 + 1, 32))) AS hash FROM ledger_batch
       WHERE writer = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1`
    )
    .get(writer, seq)
  return row === undefined ? null : String(row['hash'])
}

/** Whether a chain was pruned that the store holds nothing of, up to `head` at least. */
export function wentWithCut(raw: DatabaseSync, { writer, seq }: Head): boolean {
  const cut = newestPrunePoint(raw)?.cut
  if (!cut) return false
  const left = cut.heads.find(head => head.writer === writer)
  return left ? left.seq >= seq : endedBefore(cut, writer)
}

/**
 * Records that the entries of a change are stored, after its commit. Throws StoreFault when they may not be; that the
 * record cannot be written is no reason to say so.
 */
export function acknowledge(store: Pick<StoreFile, 'path' | 'raw' | 'requireWritten'>, head: Head): void {
  store.requireWritten()
  try {
    recordHead(store.path, head)
    forgetSuperseded(store, head.writer)
  } catch {
    // The change is made. The next record vouches for it: whatever takes this change away takes that one's entry too.
  }
}

/**
 * Forgets the records of chains that have ended and are in the store. The record of `writer`, which is newer, vouches for
 * them: a store that goes back to before their ends lacks that chain as well. So there are few, however many there were.
 */
export function forgetSuperseded({ path, raw }: Pick<StoreFile, 'path' | 'raw'>, writer: string): void {
  const isOpen = raw.prepare('SELECT 1 FROM writer WHERE id = ? AND closed_at IS NULL')
  const records = readHeadRecords(path)
  for (const record of records)
    if (record.writer !== writer && !isOpen.get(record.writer) && storedOf(raw, record) === null)
      forgetHeadRecord(path, record.writer)
}
