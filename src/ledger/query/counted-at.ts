import type { DatabaseSync } from 'node:sqlite'
import type { LedgerEntry } from '../entry/entry.ts'
import { matches } from './search.ts'

/** What all rejections of one kind have in common. */
type Kind = Pick<LedgerEntry, 'code' | 'status' | 'reason' | 'limit' | 'tenant' | 'key_id' | 'client_ip'>

/** Rejections that were counted and not written one by one, of one kind, between two times (RFC 3339). */
export type Counted = Kind & {
  readonly count: number
  readonly from: string
  /** Exclusive for whole seconds; the time of the last rejection for an entry without counts by the second. */
  readonly until: string
}

/** A rejection is counted when it is made, which can be in the second after that of the arrival. */
const secondsCovered = 2
/** How much later its counting entry can be, while the store works: an interval, and the wait for the commit. */
const laterMs = 60_000

/** What was counted in the second of a time (milliseconds since 1970) and the next one, the most first. */
export function countedAt(database: DatabaseSync, timeMs: number): Counted[] {
  const second = Math.floor(timeMs / 1000)
  const [since, until] = [new Date(second * 1000), new Date(second * 1000 + laterMs)]
  const kinds = new Map<string, Counted>()
  for (const { entry } of matches(database, { kind: 'call.rejected', since, until })) {
    const counted = countedIn(entry, second)
    if (counted === null) continue
    const { count, ...kind } = counted
    const name = JSON.stringify(kind)
    kinds.set(name, { ...counted, count: count + (kinds.get(name)?.count ?? 0) })
  }
  return [...kinds.values()].sort((one, other) => other.count - one.count)
}

function countedIn(entry: LedgerEntry, second: number): Counted | null {
  const { count, first_at, last_at, code, status, reason, limit, tenant, key_id, client_ip } = entry
  if (count === undefined || first_at === undefined || last_at === undefined) return null
  const kind: Kind = { code, status, reason, limit, tenant, key_id, client_ip }
  const [first, last] = [secondOf(first_at), secondOf(last_at)]
  const { per_second = first === last ? [count] : null } = entry
  if (per_second === null) {
    const isThen = first < second + secondsCovered && last >= second
    return isThen ? { count, ...kind, from: first_at, until: last_at } : null
  }
  const from = Math.max(0, second - first)
  const covered = per_second.slice(from, Math.max(from, second + secondsCovered - first))
  const sum = covered.reduce((total, each) => total + each, 0)
  if (sum === 0) return null
  return { count: sum, ...kind, from: timeOf(second), until: timeOf(second + secondsCovered) }
}

function secondOf(at: string): number {
  return Math.floor(Date.parse(at) / 1000)
}

function timeOf(second: number): string {
  return new Date(second * 1000).toISOString()
}
