import type { DatabaseSync } from 'node:sqlite'
import type { ParsedEntry } from '../entry/parse-entry.ts'
import { type PrunePoint, prunePointEntries, prunePointIn } from './prune-point.ts'

/** A cut, and how many entries its archive holds: they end at its position. */
export type RecordedPrunePoint = PrunePoint & { readonly entries: number }

/** The cut that an entry tells of, or null. Nothing of it is believed yet. */
export function recordedIn(entry: Readonly<Record<string, unknown>>): RecordedPrunePoint | null {
  const cut = prunePointIn(entry)
  const { entries } = Object(entry['archive']) as { entries: unknown }
  return cut && { ...cut, entries: Number.isSafeInteger(entries) ? Number(entries) : 0 }
}

/** All cuts that entries of a store tell of, newest first. */
export function prunePointsIn(database: DatabaseSync): RecordedPrunePoint[] {
  return [...prunePointEntries(database)].map(recordedIn).filter(cut => cut !== null)
}

/** An entry, as far as it tells what comes before it. */
export type Follower = Partial<Pick<ParsedEntry, 'writer' | 'seq' | 'prev' | 'anchor'>>

/**
 * The cut right behind which an entry stands, or null. One that continues a chain which had not ended may fit several, when
 * the chain was idle: the last of them it is, as every later one would know the entry itself.
 */
export function prunePointBefore(
  { writer, seq, prev, anchor }: Follower,
  cuts: readonly RecordedPrunePoint[]
): RecordedPrunePoint | null {
  const fitting = cuts.filter(({ heads }) =>
    seq === 1
      ? anchor !== undefined && heads.at(-1)?.hash === anchor.hash
      : heads.some(head => head.writer === writer && head.hash === prev)
  )
  return fitting.toSorted((one, other) => other.position - one.position)[0] ?? null
}
