import type { DatabaseSync } from 'node:sqlite'
import { uuidTimeMs } from '../../base/uuid.ts'
import type { Head } from '../entry/chain.ts'
import type { ChainedEntry, LedgerEntry } from '../entry/entry.ts'
import { asHead } from '../entry/parse-entry.ts'
import { batchesBetween, prunePosition } from '../query/batch-reader.ts'
import { searchLedger } from '../query/search.ts'

/** The kind of the entry that tells of a cut. It is signed. */
export const pruneKind = 'admin.ledger.prune'

/** Where the beginning of the ledger has been cut off: what has to be known to check the rest without it. */
export type PrunePoint = {
  /** The position of the last entry that was removed. */
  readonly position: number
  /** The time before which everything was removed, RFC 3339. */
  readonly before: string
  /** The chains that had not ended there, and the last entry removed. */
  readonly heads: readonly Head[]
  /** Calls whose intent was removed and whose outcome was not: `<request id> <attempt>`. */
  readonly open: readonly string[]
}

/** The cut that an entry of `pruneKind` tells of, or null when it tells of none. */
export function prunePointIn(entry: Readonly<Record<string, unknown>>): PrunePoint | null {
  if (entry['kind'] !== pruneKind || typeof entry['cut'] !== 'object' || entry['cut'] === null) return null
  const { position, before, heads, open } = entry['cut'] as Readonly<Record<string, unknown>>
  if (!Number.isSafeInteger(position) || typeof before !== 'string') return null
  if (!Array.isArray(heads) || !Array.isArray(open)) return null
  const known = heads.map(asHead).filter(head => head !== undefined)
  return { position: Number(position), before, heads: known, open: open.map(String) }
}

/** The newest cut of a store, or null when nothing has been pruned, or nothing tells how. */
export function newestPrunePoint(database: DatabaseSync): { cut: PrunePoint; entry: LedgerEntry } | null {
  const position = prunePosition(database)
  if (position === 0) return null
  const { items } = searchLedger(database, { kind: pruneKind }, { limit: 1 })
  return toldCut(items, position) ?? toldCut(prunePointEntries(database), position)
}

function toldCut(
  entries: Iterable<LedgerEntry>,
  position: number
): { cut: PrunePoint; entry: LedgerEntry } | null {
  for (const entry of entries) {
    const cut = prunePointIn(entry)
    if (cut?.position === position) return { cut, entry }
  }
  return null
}

/**
 * All entries of cuts, newest first, by a look at every row: an index that leaves one out must neither make a whole ledger
 * look broken nor let the next cut forget what this one knows. Each begins a row, as does every change by a command.
 */
export function* prunePointEntries(database: DatabaseSync): Generator<LedgerEntry> {
  const rows = database
    .prepare(
      `SELECT id FROM ledger_batch WHERE id > ? AND first_seq = 1 AND instr(texts, ?) > 0 ORDER BY id DESC`
    )
    .all(prunePosition(database), `"kind":"${pruneKind}"`) as { id: number }[]
  for (const { id } of rows)
    for (const { texts, hashes } of batchesBetween(database, id, id))
      for (const [index, text] of texts.entries())
        if (text.includes(`"kind":"${pruneKind}"`))
          yield { ...(JSON.parse(text) as ChainedEntry), hash: hashes[index] ?? '' }
}

/**
 * Whether a chain of which nothing is left ended before the cut. Its id tells when it was opened (UUIDv7); one that was
 * opened before the cut and had not ended there is among the cut's heads.
 */
export function endedBefore(cut: PrunePoint, writer: string): boolean {
  return uuidTimeMs(writer) < Date.parse(cut.before) && cut.heads.every(head => head.writer !== writer)
}
