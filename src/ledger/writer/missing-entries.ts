import type { DatabaseSync } from 'node:sqlite'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import type { Head } from '../entry/chain.ts'
import { entryAt } from '../query/batch-reader.ts'
import { newestHead } from '../query/chain-heads.ts'
import { endedBefore, newestPrunePoint } from '../retention/prune-point.ts'
import { forgetHeadRecord, readHeadRecords, recordHead } from './head-record.ts'

/** A chain whose acknowledged entries are not all in the store. */
export type MissingEntries = {
  readonly writer: string
  /** The number of the latest acknowledged entry, as far as is known. */
  readonly acknowledged: number
  /** The number of the last of them that is stored, or 0. */
  readonly stored: number
}

export const missingEntriesRemedy = 'see "Missing entries" in docs/operations.md'

/** One line for people. */
export function describeMissing({ writer, acknowledged, stored }: MissingEntries): string {
  return `entries are missing: those of writer ${writer} were acknowledged up to ${acknowledged}, and the store holds them up to ${stored}`
}

/** Compares the records beside a store with its chains. Throws `store_unavailable` when they cannot be read. */
export function missingEntries({ path, raw }: Pick<StoreFile, 'path' | 'raw'>): MissingEntries[] {
  // Read first: a record is never ahead of the store.
  const records = readHeadRecords(path)
  return records.flatMap(record => {
    const stored = lastStored(raw, record)
    return stored === null ? [] : [{ writer: record.writer, acknowledged: record.seq, stored }]
  })
}

/** The last entry that is stored of a chain that should be stored up to `head`, or null when it is. */
function lastStored(raw: DatabaseSync, head: Head): number | null {
  const newest = newestHead(raw, head.writer)
  if (!newest) return isPruned(raw, head) ? null : 0
  if (newest.seq < head.seq) return newest.seq
  // Absent when it has been pruned.
  const entry = entryAt(raw, head)
  return entry === undefined || entry.hash === head.hash ? null : head.seq - 1
}

/** Whether a chain without entries in the store was pruned, at least up to `head`. */
export function isPruned(raw: DatabaseSync, { writer, seq }: Head): boolean {
  const point = newestPrunePoint(raw)
  if (!point) return false
  const open = point.heads.find(head => head.writer === writer)
  return open ? open.seq >= seq : endedBefore(point, writer)
}

/** Records that the entries of a change are stored, after its commit. Throws a store fault when they may not be. */
export function acknowledge(store: Pick<StoreFile, 'path' | 'raw' | 'requireWritten'>, head: Head): void {
  store.requireWritten()
  try {
    recordHead(store.path, head)
    forgetSuperseded(store, head.writer)
  } catch {
    // The change is made. The next record confirms it: whatever removes this change removes that one's entry too.
  }
}

/** Removes the records of ended chains: a store that goes back to before their ends lacks the newer chain of `writer` too. */
export function forgetSuperseded({ path, raw }: Pick<StoreFile, 'path' | 'raw'>, writer: string): void {
  const isOpen = raw.prepare('SELECT 1 FROM writer WHERE id = ? AND closed_at IS NULL')
  const records = readHeadRecords(path)
  for (const record of records)
    if (record.writer !== writer && !isOpen.get(record.writer) && lastStored(raw, record) === null)
      forgetHeadRecord(path, record.writer)
}
