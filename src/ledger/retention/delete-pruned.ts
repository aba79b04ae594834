import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import { memberOf } from '../entry/terms.ts'
import { batchesBetween } from '../query/batch-reader.ts'
import { segmentOf } from '../query/segment-index.ts'
import type { PruneOptions } from './prune-plan.ts'

/** What is removed in one transaction, and how long others may write before the next: calls must not wait for it. */
const rowsAtOnce = 100
const termsAtOnce = 200
const pauseMs = 5

/** Removes the entries up to the prune point and their index, in short transactions; also what an interrupted call left. */
export async function deletePruned(
  { raw }: StoreFile,
  position: number,
  { signal, onProgress }: Pick<PruneOptions, 'signal' | 'onProgress'>
): Promise<void> {
  if (position === 0) return
  const firstSegment = segmentOf(position + 1)
  const letOthersWrite = () => pause(pauseMs, undefined, { signal })
  for (let removed = 0; ; ) {
    const count = inTransaction(raw, () => removeRows(raw, position))
    if (count === 0) break
    removed += count
    onProgress?.('removed', removed)
    await letOthersWrite()
  }
  for (let term = 0; ; ) {
    const last = inTransaction(raw, () => removePostings(raw, term, firstSegment))
    if (last === undefined) break
    term = last
    await letOthersWrite()
  }
  inTransaction(raw, () => removeSegments(raw, firstSegment))
}

function removeRows(raw: DatabaseSync, position: number): number {
  const { last } = raw
    .prepare('SELECT max(id) AS last FROM (SELECT id FROM ledger_batch WHERE id <= ? ORDER BY id LIMIT ?)')
    .get(position, rowsAtOnce) as { last: number | null }
  if (last === null) return 0
  const removeRequest = raw.prepare('DELETE FROM ledger_request WHERE request_id = ? AND position = ?')
  let removed = 0
  for (const { id, entries, texts } of batchesBetween(raw, 0, last)) {
    removed += entries
    for (const [index, text] of texts.entries())
      removeRequest.run(memberOf(text, 'request_id') ?? '', id + index)
  }
  raw.prepare('DELETE FROM ledger_batch WHERE id <= ?').run(last)
  return removed
}

/** Removes postings of terms behind `after`. Returns the last of these terms; undefined when there are none. */
function removePostings(raw: DatabaseSync, after: number, firstSegment: number): number | undefined {
  const terms = raw
    .prepare('SELECT id FROM ledger_term WHERE id > ? ORDER BY id LIMIT ?')
    .all(after, termsAtOnce) as { id: number }[]
  const remove = raw.prepare('DELETE FROM ledger_posting WHERE term = ? AND segment < ?')
  for (const { id } of terms) remove.run(id, firstSegment)
  return terms.at(-1)?.id
}

/** Forgets ended writers without later entries. One that was taken for dead and lives learns that its chain cannot go on. */
export function forgetEndedWriters(raw: DatabaseSync, position: number): void {
  raw
    .prepare(
      `DELETE FROM writer WHERE closed_at IS NOT NULL AND coalesce(
         (SELECT id FROM ledger_batch WHERE writer = writer.id ORDER BY first_seq DESC LIMIT 1), 0) <= ?`
    )
    .run(position)
}

/** Also forgets ended writers without entries: nobody expects them any more. */
function removeSegments(raw: DatabaseSync, firstSegment: number): void {
  raw.prepare('DELETE FROM ledger_segment WHERE id < ?').run(firstSegment)
  raw.exec(
    `DELETE FROM writer WHERE closed_at IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM ledger_batch WHERE ledger_batch.writer = writer.id)`
  )
}
