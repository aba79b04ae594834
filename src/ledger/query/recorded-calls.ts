import type { DatabaseSync } from 'node:sqlite'
import { EarliestFirst } from '../../base/earliest-first.ts'
import type { ChainedEntry, OutcomeCode } from '../entry/entry.ts'
import { memberOf } from '../entry/terms.ts'
import { batchesAfter, positionBeforeRow, prunePosition } from './batch-reader.ts'
import { segmentStart } from './segment-index.ts'

/** A call as it arrived, from a known tenant. What an entry that counts many does not record is undefined. */
export type RecordedCall = {
  /** Whole microseconds since 1970. */
  readonly atUs: number
  readonly tenant: string
  readonly keyId: string | undefined
  readonly connectorId: string | undefined
  readonly clientIp: string | undefined
  readonly operation: string | undefined
  /** It was refused for its own faults, such as its body: whatever the tenant may do, it only used up the limit. */
  readonly isFaulty: boolean
}

/** One or more calls that an entry stands for, evenly from first to last; `atUs` is the time of the next of them. */
type Series = RecordedCall & {
  readonly firstUs: number
  readonly lastUs: number
  readonly count: number
  readonly given: number
}

/** How far entries may be out of order, as processes run in parallel and count for 10 s. So much of the ledger is in memory. */
const slackUs = 30_000_000

/** Calls of tenants from a time on, made or refused, in the order of time. Throws `ledger_pruned`. */
export function* recordedCallsSince(database: DatabaseSync, since: Date): Generator<RecordedCall> {
  const sinceUs = since.getTime() * 1000
  const waiting = new EarliestFirst<Series>()
  let newestUs = 0
  for (const { texts } of batchesAfter(database, positionBefore(database, since)))
    for (const text of texts) {
      const series = seriesIn(text)
      if (!series || series.lastUs < sinceUs) continue
      waiting.put(series)
      newestUs = Math.max(newestUs, series.lastUs)
      yield* releasedUntil(waiting, newestUs - slackUs, sinceUs)
    }
  yield* releasedUntil(waiting, newestUs, sinceUs)
}

/** Where to read from: the index knows which full segments have only older entries. */
function positionBefore(database: DatabaseSync, since: Date): number {
  const { late, newest } = database
    .prepare(
      `SELECT (SELECT min(id) FROM ledger_segment WHERE last_at >= ?) AS late,
       (SELECT coalesce(max(id), -1) FROM ledger_segment) AS newest`
    )
    .get(since.toISOString()) as { late: number | null; newest: number }
  const position = segmentStart(late ?? newest + 1) - 1
  return positionBeforeRow(database, Math.max(position, prunePosition(database)))
}

function* releasedUntil(waiting: EarliestFirst<Series>, untilUs: number, sinceUs: number) {
  while (waiting.earliestUs <= untilUs) {
    const series = waiting.take()
    if (!series) return
    if (series.atUs >= sinceUs) yield series
    const given = series.given + 1
    if (given < series.count) waiting.put({ ...series, given, atUs: timeIn(series, given) })
  }
}

function timeIn({ firstUs, lastUs, count }: Series, index: number): number {
  return firstUs + Math.floor(((lastUs - firstUs) * index) / (count - 1))
}

/** Null for what no settings could admit: entries without a tenant, or with a `reason`, such as a revoked key. */
function seriesIn(text: string): Series | null {
  const kind = memberOf(text, 'kind')
  if (kind !== 'call.intent' && kind !== 'call.rejected') return null
  const entry = JSON.parse(text) as ChainedEntry
  const { at, tenant, reason, key_id, connector_id, client_ip, operation, attempt = 1 } = entry
  // A second attempt belongs to the same call.
  if (tenant === undefined || reason !== undefined || attempt > 1) return null
  const { count = 1, first_at = at, last_at = at } = entry
  const firstUs = Date.parse(first_at) * 1000
  return {
    atUs: firstUs,
    tenant,
    keyId: key_id,
    connectorId: connector_id,
    clientIp: client_ip,
    operation,
    isFaulty: kind === 'call.rejected' && isFault(entry),
    firstUs,
    lastUs: Date.parse(last_at) * 1000,
    count,
    given: 0
  }
}

/** Refusals that depend on what the tenant may do, not on the request. */
const policyCodes: readonly (OutcomeCode | undefined)[] = [
  'rate_limited',
  'permission_denied',
  'connector_not_found'
]

/** A 5xx is the gateway's or the upstream's own failure: the tenant's settings had admitted the call. */
function isFault({ code, status = 500 }: ChainedEntry): boolean {
  return status < 500 && !policyCodes.includes(code)
}
