import type { DatabaseSync } from 'node:sqlite'
import type { LedgerEntry, OutcomeCode } from '../entry/entry.ts'
import { matches } from './search.ts'

/** Rejections that were counted and not written one by one, of one kind, between two times (RFC 3339). */
export type Counted = {
  readonly count: number
  readonly code?: OutcomeCode
  readonly status?: number
  readonly reason?: string
  readonly limit?: string
  readonly tenant?: string
  readonly key_id?: string
  readonly client_ip?: string
  readonly from: string
  /** Of whole seconds the first time that is no longer covered; of an entry that tells no seconds its last one. */
  readonly until: string
}

/** A rejection is counted when it is made, which can be in the second after that of the arrival. */
const secondsCovered = 2
/**
 * How much later than the arrival an entry can lie that counts it, as long as the store is well: an interval, and the wait for
 * the commit. There are some hundred rejections an interval and gateway, so this bounds the search too.
 */
const laterMs = 60_000

/** What was counted in the second of a time (milliseconds since 1970) and the next one, the most first. */
export function countedAt(database: DatabaseSync, timeMs: number): Counted[] {
  const second = Math.floor(timeMs / 1000)
  const [since, until] = [new Date(second * 1000), new Date(second * 1000 + laterMs)]
  const kinds = new Map<string, Counted>()
  for (const { entry } of matches(
    database,
    { kind: 'call.rejected', since, until },
    Number.MAX_SAFE_INTEGER
  )) {
    const found = countedIn(entry, second)
    if (found === null) continue
    const { count, ...kind } = found
    const name = JSON.stringify(kind)
    kinds.set(name, { ...found, count: count + (kinds.get(name)?.count ?? 0) })
  }
  return [...kinds.values()].sort((one, other) => other.count - one.count)
}

type Aggregate = {
  readonly count?: number
  readonly first_at?: string
  readonly last_at?: string
  readonly per_second?: readonly number[]
}

function countedIn(entry: LedgerEntry, second: number): Counted | null {
  const { count, first_at, last_at, per_second } = entry as LedgerEntry & Aggregate
  if (count === undefined || first_at === undefined || last_at === undefined) return null
  const [first, last] = [secondOf(first_at), secondOf(last_at)]
  if (per_second === undefined && first !== last)
    return first < second + secondsCovered && last >= second
      ? { count, ...kindOf(entry), from: first_at, until: last_at }
      : null
  const from = Math.max(0, second - first)
  const covered = (per_second ?? [count]).slice(from, Math.max(from, second + secondsCovered - first))
  const sum = covered.reduce((total, each) => total + each, 0)
  if (sum === 0) return null
  return { count: sum, ...kindOf(entry), from: timeOf(second), until: timeOf(second + secondsCovered) }
}

function kindOf({
  code,
  status,
  reason,
  limit,
  tenant,
  key_id,
  client_ip
}: LedgerEntry): Omit<Counted, 'count' | 'from' | 'until'> {
  return {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(limit !== undefined && { limit }),
    ...(tenant !== undefined && { tenant }),
    ...(key_id !== undefined && { key_id }),
    ...(client_ip !== undefined && { client_ip })
  }
}

function secondOf(at: string): number {
  return Math.floor(Date.parse(at) / 1000)
}

function timeOf(second: number): string {
  return new Date(second * 1000).toISOString()
}
