import { asHead } from '../entry/parse-entry.ts'
import { pruneKind } from '../retention/prune-point.ts'
import {
  type Follower,
  prunePointBefore,
  type RecordedPrunePoint,
  recordedIn
} from '../retention/prune-points.ts'
import { linesOf } from './exported-entries.ts'

/** A file of exported entries, as far as it tells by itself where in the ledger it belongs. Nothing of it is believed yet. */
export type Part = {
  readonly name: string
  /** Null when it holds no entries, or what is no entry. */
  readonly first: Follower | null
  readonly entries: number
  readonly cuts: readonly RecordedPrunePoint[]
}

/** Where a part begins when it is the store itself: behind its newest cut. */
export type StorePart = { readonly position: number }

/** Reads all files once. */
export async function readParts(paths: readonly string[]): Promise<Part[]> {
  const parts: Part[] = []
  for (const path of paths) parts.push(await readPart(path))
  return parts
}

async function readPart(name: string): Promise<Part> {
  const cuts: RecordedPrunePoint[] = []
  let first: Follower | null = null
  let entries = 0
  for await (const lines of linesOf(name))
    for (const line of lines) {
      if (entries++ === 0) first = followerIn(line)
      const cut = line?.includes(`"kind":"${pruneKind}"`) ? recordedIn(parse(line)) : null
      if (cut) cuts.push(cut)
    }
  return { name, first, entries, cuts }
}

/** The first entry of the first file that has any, without reading further; null when there is none. */
export async function firstOf(paths: readonly string[]): Promise<Follower | null> {
  for (const path of paths)
    for await (const [line] of linesOf(path)) if (line !== undefined) return followerIn(line)
  return null
}

/** Whether nothing comes before this entry. */
export function beginsLedger({ seq, anchor }: Follower): boolean {
  return seq === 1 && anchor === undefined
}

function followerIn(line: string | null): Follower | null {
  const { writer, seq, prev, after } = parse(line ?? '')
  if (typeof writer !== 'string' || typeof seq !== 'number' || typeof prev !== 'string') return null
  const anchor = asHead(after)
  return { writer, seq, prev, ...(anchor && { anchor }) }
}

/**
 * What keeps parts from being a whole, for people: entries between two of them that are in none, or a wrong order. Null when
 * they join, or when the end of a part was taken off: that is for the verification to tell.
 */
export function gapBetween(
  parts: readonly Part[],
  cuts: readonly RecordedPrunePoint[],
  store: StorePart | null
): string | null {
  const begun = parts.map(part => ({ name: part.name, entries: part.entries, begin: beginOf(part, cuts) }))
  if (store) begun.push({ name: 'the store', entries: 0, begin: store.position })
  let before: { name: string; begin: number; end: number } | undefined
  for (const { name, entries, begin } of begun) {
    if (before) {
      const { end } = before
      if (begin !== null && begin <= before.begin)
        return `${name} does not follow ${before.name}: give all files once, in their order`
      if (begin === null ? isUntold(end, cuts) : begin > end && !isInside(end, cuts))
        return `between ${before.name} and ${name} the entries from position ${end + 1} on are missing: give their archive too`
    } else if (begin === null) return null
    before = { name, begin: begin ?? before?.begin ?? 0, end: (begin ?? before?.end ?? 0) + entries }
  }
  return null
}

/** Whether an archive ends here, and nothing tells of the next. */
function isUntold(position: number, cuts: readonly RecordedPrunePoint[]): boolean {
  return (
    cuts.some(cut => cut.position === position) && cuts.every(cut => cut.position - cut.entries !== position)
  )
}

function beginOf({ first }: Part, cuts: readonly RecordedPrunePoint[]): number | null {
  if (!first) return null
  return beginsLedger(first) ? 0 : (prunePointBefore(first, cuts)?.position ?? null)
}

/** Whether a position is within an archive, and not at an end of one. */
function isInside(position: number, cuts: readonly RecordedPrunePoint[]): boolean {
  return cuts.some(cut => cut.position - cut.entries < position && position < cut.position)
}

function parse(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line))
  } catch {
    return {}
  }
}
