import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import { memberOf } from '../entry/terms.ts'
import { textsBetween } from '../query/batch-reader.ts'
import { segmentOf } from '../query/segment-index.ts'

/** What is removed in one transaction, and how long others may write before the next: calls must not wait for it. */
const rowsAtOnce = 100
const termsAtOnce = 200
const pauseMs = 5

type SweepOptions = {
  readonly signal?: AbortSignal
  readonly onProgress?: (step: 'removed', entries: number) => void
}

/**
 * Removes the entries up to the cut at `position`, and what searches knew of them, in short transactions. Nobody reads
 * them any more: when it is interrupted, the next call does the rest. The table itself refuses to remove any other.
 */
export async function deletePruned(
  { raw }: StoreFile,
  position: number,
  { signal, onProgress }: SweepOptions
): Promise<void> {
  if (position === 0) return
  for (let removed = 0; ; ) {
    const count = inTransaction(raw, () => removeRows(raw, position))
    if (count === 0) break
    removed += count
    onProgress?.('removed', removed)
    await pause(pauseMs, undefined, signal && { signal })
  }
  for (let term = 0; ; ) {
    const next = inTransaction(raw, () => removePostings(raw, term, segmentOf(position + 1)))
    if (next === null) break
    term = next
    await pause(pauseMs, undefined, signal && { signal })
  }
  inTransaction(raw, () => removeWriters(raw, segmentOf(position + 1)))
}

/** Returns how many entries it removed. */
function removeRows(raw: DatabaseSync, position: number): number {
  const rows = raw
    .prepare('SELECT id, entries FROM ledger_batch WHERE id <= ? ORDER BY id LIMIT ?')
    .all(position, rowsAtOnce) as { id: number; entries: number }[]
  const last = rows.at(-1)
  if (!last) return 0
  const removeRequest = raw.prepare('DELETE FROM ledger_request WHERE request_id = ? AND position = ?')
  for (const { id, texts } of textsBetween(raw, rows[0]?.id ?? 0, last.id))
    for (const [index, text] of texts.split('\n').entries())
      removeRequest.run(memberOf(text, 'request_id') ?? '', id + index)
  raw.prepare('DELETE FROM ledger_batch WHERE id <= ?').run(last.id)
  return rows.reduce((sum, { entries }) => sum + entries, 0)
}

/** Of some terms behind `after`. Returns the last of them, or null when there are no more. */
function removePostings(raw: DatabaseSync, after: number, firstSegment: number): number | null {
  const terms = raw
    .prepare('SELECT id FROM ledger_term WHERE id > ? ORDER BY id LIMIT ?')
    .all(after, termsAtOnce) as { id: number }[]
  const remove = raw.prepare('DELETE FROM ledger_posting WHERE term = ? AND segment < ?')
  for (const { id } of terms) remove.run(id, firstSegment)
  return terms.at(-1)?.id ?? null
}

/**
 * Writers that have ended and have written nothing behind the cut at `position` are forgotten with it, in its own
 * transaction: one of them that was taken for dead learns from that that its chain cannot go on.
 */
export function forgetEndedWriters(raw: DatabaseSync, position: number): void {
  raw
    .prepare(
      `DELETE FROM writer WHERE closed_at IS NOT NULL AND coalesce(
         (SELECT id FROM ledger_batch WHERE writer = writer.id ORDER BY first_seq DESC LIMIT 1), 0) <= ?`
    )
    .run(position)
}

/** A writer that has ended and of which nothing is left is not expected to be there by anybody. */
function removeWriters(raw: DatabaseSync, firstSegment: number): void {
  raw.prepare('DELETE FROM ledger_segment WHERE id < ?').run(firstSegment)
  raw.exec(
    `DELETE FROM writer WHERE closed_at IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM ledger_batch WHERE ledger_batch.writer = writer.id)`
  )
}
