import type { DatabaseSync } from 'node:sqlite'
import { type ChainedEntry, exportLine } from '../entry/entry.ts'
import { batchesAfter, entryAt, positionBeforeRow, prunePosition, type StoredEntry } from './batch-reader.ts'

/** The lines of an export, in batches: all entries, or those behind `after` and up to `last`. Throws `ledger_pruned`. */
export function* exportedLines(
  database: DatabaseSync,
  after = prunePosition(database),
  last = Number.MAX_SAFE_INTEGER
): Generator<string> {
  for (const { id, texts, hashes } of batchesAfter(database, positionBeforeRow(database, after))) {
    if (id > last) return
    let lines = ''
    for (const [index, text] of texts.entries())
      if (id + index > after && id + index <= last)
        lines += `${exportedText({ text, hash: hashes[index] ?? '' })}\n`
    if (lines !== '') yield lines
  }
}

export function exportedText({ text, hash }: Pick<StoredEntry, 'text' | 'hash'>): string {
  return exportLine({ ...(JSON.parse(text) as ChainedEntry), hash })
}

/** The position of an entry, from which an export can go on; null when there is no such entry, or it was pruned. */
export function positionOfEntry(database: DatabaseSync, writer: string, seq: number): number | null {
  const entry = entryAt(database, { writer, seq })
  return entry && entry.position >= prunePosition(database) ? entry.position : null
}
