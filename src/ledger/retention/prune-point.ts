import type { DatabaseSync } from 'node:sqlite'
import { uuidTimeMs } from '../../base/uuid.ts'
import type { Head } from '../entry/chain.ts'
import { asHead, type ParsedEntry } from '../entry/parse-entry.ts'
import { prunePosition } from '../query/batch-reader.ts'
import { searchLedger } from '../query/search.ts'

/** The kind of the entry that records a prune. It is signed. */
export const pruneKind = 'admin.ledger.prune'

/** Where the ledger begins after a prune, and what must be known to verify it without the removed entries. */
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

/** A prune point as its entry records it, with its archive: that many entries, which end at its position. */
export type RecordedPrunePoint = PrunePoint & { readonly entries: number; readonly sha256: string }

/** What was pruned. `sha256` is that of the archive's bytes. */
export type Pruned = Pick<RecordedPrunePoint, 'entries' | 'position' | 'sha256'>

/** The prune point that an entry records, or null. Not verified. */
export function prunePointIn(entry: Readonly<Record<string, unknown>>): RecordedPrunePoint | null {
  if (entry['kind'] !== pruneKind) return null
  const { position, before, heads, open } = Object(entry['cut']) as Record<string, unknown>
  if (!Number.isSafeInteger(position) || typeof before !== 'string') return null
  if (!Array.isArray(heads) || !Array.isArray(open)) return null
  const { entries, sha256 } = Object(entry['archive']) as Record<string, unknown>
  return {
    position: Number(position),
    before,
    heads: heads.map(asHead).filter(head => head !== undefined),
    open: open.map(String),
    entries: Number.isSafeInteger(entries) ? Number(entries) : 0,
    sha256: String(sha256)
  }
}

/** The newest prune point of a store, or null when nothing has been pruned, or no entry records it. */
export function newestPrunePoint(database: DatabaseSync): RecordedPrunePoint | null {
  const position = prunePosition(database)
  if (position === 0) return null
  const [entry = {}] = searchLedger(database, { kind: pruneKind }, { limit: 1 }).items
  const indexed = prunePointIn(entry)
  if (indexed?.position === position) return indexed
  return prunePointsIn(database).find(point => point.position === position) ?? null
}

/** All prune points of a store, newest first, without the index: one that it lacks must not make a whole ledger look broken. */
export function* prunePointsIn(database: DatabaseSync): Generator<RecordedPrunePoint> {
  const member = `"kind":"${pruneKind}"`
  const rows = database
    .prepare(
      'SELECT texts FROM ledger_batch WHERE id > ? AND first_seq = 1 AND instr(texts, ?) > 0 ORDER BY id DESC'
    )
    .all(prunePosition(database), member) as { texts: string }[]
  for (const { texts } of rows)
    for (const text of texts.split('\n')) {
      const point = text.includes(member) ? prunePointIn(JSON.parse(text)) : null
      if (point) yield point
    }
}

/** An entry, as far as it names the one before it. */
export type Follower = Pick<ParsedEntry, 'writer' | 'seq' | 'prev' | 'anchor'>

/** The prune point right before an entry, or null. Of several that fit an idle chain the last: later ones would name the entry. */
export function prunePointBefore(
  { writer, seq, prev, anchor }: Follower,
  points: readonly RecordedPrunePoint[]
): RecordedPrunePoint | null {
  const fitting = points.filter(({ heads }) =>
    seq === 1
      ? anchor !== undefined && heads.at(-1)?.hash === anchor.hash
      : heads.some(head => head.writer === writer && head.hash === prev)
  )
  return fitting.toSorted((one, other) => other.position - one.position)[0] ?? null
}

/** Whether a chain without entries ended before a prune point: opened before, by its id (UUIDv7), and not among the heads. */
export function endedBefore({ before, heads }: PrunePoint, writer: string): boolean {
  return uuidTimeMs(writer) < Date.parse(before) && heads.every(head => head.writer !== writer)
}
