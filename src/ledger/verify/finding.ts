import type { EntryLocation } from '../entry/parse-entry.ts'

export type FindingKind =
  | 'edited'
  | 'missing'
  | 'reordered'
  | 'duplicated'
  | 'foreign'
  | 'cut_tail'
  | 'bad_signature'
  | 'malformed'
  | 'repeated_call'
  | 'outcome_without_intent'

/** The first thing that is wrong with one chain, or with a text that belongs to no chain. */
export type Finding = {
  readonly kind: FindingKind
  /** The chain and the number of the bad entry; null for a text that belongs to no chain. */
  readonly writer: string | null
  readonly seq: number | null
  /** Where it shows: `entry 12` of the store, by its position, `line 12` of the export, or `the end`. */
  readonly place: string
  readonly detail: string
}

/** One line for people: the entry and what is wrong with it. */
export function describeFinding({ kind, writer, seq, place, detail }: Finding): string {
  const name = kind.replaceAll('_', ' ')
  return writer === null
    ? `${place}: ${name}: ${detail}`
    : `writer ${writer} seq ${seq}: ${name}: ${detail} (${place})`
}

/** A location for people. */
export function inWords(location: EntryLocation): string {
  return typeof location === 'number' ? `entry ${location}` : location
}
