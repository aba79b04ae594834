import { parseExported } from '../entry/parse-entry.ts'
import {
  type Follower,
  pruneKind,
  prunePointBefore,
  prunePointIn,
  type RecordedPrunePoint
} from '../retention/prune-point.ts'
import { linesOf } from './exported-entries.ts'

/** A file of exported entries, and what it says about where in the ledger it belongs. Not verified. */
export type Part = Awaited<ReturnType<typeof readPart>>

export async function readParts(paths: readonly string[]): Promise<Part[]> {
  const parts: Part[] = []
  for (const path of paths) parts.push(await readPart(path))
  return parts
}

async function readPart(name: string) {
  const prunePoints: RecordedPrunePoint[] = []
  // Stays null when the file does not begin with an entry.
  let first = null as Follower | null
  let entries = 0
  for await (const lines of linesOf(name))
    for (const line of lines) {
      if (entries++ === 0) first = followerIn(line)
      const point = line?.includes(`"kind":"${pruneKind}"`) ? prunePointIn(parse(line)) : null
      if (point) prunePoints.push(point)
    }
  return { name, first, entries, prunePoints }
}

/** The first entry of the first file that has any, without reading further; null when there is none. */
export async function firstOf(paths: readonly string[]): Promise<Follower | null> {
  for (const path of paths)
    for await (const [line] of linesOf(path)) if (line !== undefined) return followerIn(line)
  return null
}

function followerIn(line: string | null): Follower | null {
  const entry = parseExported('', line ?? '')
  return 'malformed' in entry ? null : entry
}

function parse(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line))
  } catch {
    return {}
  }
}

export function beginsLedger({ seq, anchor }: Follower): boolean {
  return seq === 1 && anchor === undefined
}

export function pointsOf(
  parts: readonly Part[],
  stored: readonly RecordedPrunePoint[]
): readonly RecordedPrunePoint[] {
  return [...parts.flatMap(({ prunePoints }) => prunePoints), ...stored]
}

/**
 * What keeps parts from joining, for people: missing entries, or a wrong order. Null also when an end was cut off, which
 * verification finds. The store is the last part, behind position `storeBegin`.
 */
export function gapBetween(
  parts: readonly Part[],
  stored: readonly RecordedPrunePoint[],
  storeBegin: number | null | undefined
): string | null {
  const points = pointsOf(parts, stored)
  const begun = parts.map(({ name, entries, first }) => ({ name, entries, begin: beginOf(first, points) }))
  if (typeof storeBegin === 'number') begun.push({ name: 'the store', entries: 0, begin: storeBegin })
  let before: { name: string; begin: number; end: number } | undefined
  for (const { name, entries, begin } of begun) {
    if (before) {
      const { end } = before
      if (begin !== null && begin <= before.begin)
        return `${name} does not follow ${before.name}: give all files once, in their order`
      if (begin === null ? isLastEnd(end, points) : begin > end && !isInside(end, points))
        return `between ${before.name} and ${name} the entries from position ${end + 1} on are missing: give their archive too`
    } else if (begin === null) return null
    before = { name, begin: begin ?? before?.begin ?? 0, end: (begin ?? before?.end ?? 0) + entries }
  }
  return null
}

/** The position behind which a part begins; null when that is not known. */
function beginOf(first: Follower | null, points: readonly RecordedPrunePoint[]): number | null {
  if (!first) return null
  return beginsLedger(first) ? 0 : (prunePointBefore(first, points)?.position ?? null)
}

/** Whether an archive ends here, and none is known to begin here. */
function isLastEnd(end: number, points: readonly RecordedPrunePoint[]): boolean {
  const begins = points.map(({ position, entries }) => position - entries)
  return points.some(({ position }) => position === end) && !begins.includes(end)
}

/** Whether a position is within an archive, and not at an end of one. */
function isInside(end: number, points: readonly RecordedPrunePoint[]): boolean {
  return points.some(({ position, entries }) => position - entries < end && end < position)
}
