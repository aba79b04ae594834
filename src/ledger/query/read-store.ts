import type { DatabaseSync } from 'node:sqlite'
import { parseStored, type ReadEntry } from '../entry/parse-entry.ts'
import { batchesAfter, prunePosition, type StoredBatch } from './batch-reader.ts'

/** All entries of a store, or those behind position `after`, in batches. Throws `ledger_pruned`. */
export function* readStore(
  database: DatabaseSync,
  after = prunePosition(database)
): Generator<readonly ReadEntry[]> {
  let next = after + 1
  for (const batch of batchesAfter(database, after)) {
    const entries = entriesOf(batch)
    // After the entries, which show more when some are missing.
    if (batch.id !== next)
      entries.push({ location: batch.id, malformed: 'its row does not follow the one before' })
    next = batch.id + batch.texts.length
    yield entries
  }
}

/** Also compares what the row says about its entries: searches and recovery rely on it. */
function entriesOf({ id, entries, texts, hashes, writer, firstSeq }: StoredBatch): ReadEntry[] {
  let agrees = entries === texts.length && entries === hashes.length
  const parsed = texts.map((text, index) => {
    const entry = parseStored(id + index, text, hashes[index] ?? '')
    if ('seq' in entry && (entry.writer !== writer || entry.seq !== firstSeq + index)) agrees = false
    return entry
  })
  if (!agrees) parsed.push({ location: id, malformed: 'the columns of its row do not match its entries' })
  return parsed
}
