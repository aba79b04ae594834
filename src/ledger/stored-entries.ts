import type { DatabaseSync } from 'node:sqlite'
import { type FoundEntry, type MalformedEntry, readStored } from './found-entry.ts'
import { batchesAfter, cutPosition, type StoredBatch } from './stored-batch.ts'

/** All entries of a store, but for those that have been pruned, in batches, for `verifyLedger`. */
export function* storedEntries(database: DatabaseSync): Generator<readonly (FoundEntry | MalformedEntry)[]> {
  for (const batch of batchesAfter(database, cutPosition(database))) yield entriesOf(batch)
}

/** What the row says about its entries is checked too: searches and recovery go by it. */
function entriesOf(batch: StoredBatch): (FoundEntry | MalformedEntry)[] {
  const { id, entries, texts, hashes, writer, firstSeq } = batch
  const found = texts.map((text, index) => readStored(id + index, text, hashes[index] ?? ''))
  const [first] = found
  const agrees = first && 'seq' in first && first.writer === writer && first.seq === firstSeq
  if (entries !== texts.length || entries !== hashes.length || agrees === false)
    found.push({ place: id, malformed: 'its row of the table says something else than it holds' })
  return found
}
