import type { DatabaseSync } from 'node:sqlite'
import type { FoundEntry } from '../entry/parse-entry.ts'
import { type Cut, cutEntries, cutIn } from './prune-point.ts'

/** A cut, and how many entries its archive holds: they end at its position. */
export type ToldCut = Cut & { readonly entries: number }

/** The cut that an entry tells of, or null. Nothing of it is believed yet. */
export function toldBy(entry: Readonly<Record<string, unknown>>): ToldCut | null {
  const cut = cutIn(entry)
  const { entries } = Object(entry['archive']) as { entries: unknown }
  return cut && { ...cut, entries: Number.isSafeInteger(entries) ? Number(entries) : 0 }
}

/** All cuts that entries of a store tell of, newest first. */
export function cutsIn(database: DatabaseSync): ToldCut[] {
  return [...cutEntries(database)].map(toldBy).filter(cut => cut !== null)
}

/** An entry, as far as it tells what comes before it. */
export type Follower = Partial<Pick<FoundEntry, 'writer' | 'seq' | 'prev' | 'anchor'>>

/**
 * The cut right behind which an entry stands, or null. One that continues a chain which had not ended may fit several, when
 * the chain was idle: the last of them it is, as every later one would know the entry itself.
 */
export function cutBefore({ writer, seq, prev, anchor }: Follower, cuts: readonly ToldCut[]): ToldCut | null {
  const fitting = cuts.filter(({ heads }) =>
    seq === 1
      ? anchor !== undefined && heads.at(-1)?.hash === anchor.hash
      : heads.some(head => head.writer === writer && head.hash === prev)
  )
  return fitting.toSorted((one, other) => other.position - one.position)[0] ?? null
}
