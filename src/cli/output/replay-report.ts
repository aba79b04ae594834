import type { NewlyRefused, Replay } from '../../admin/desired-state/replay.ts'
import { type Column, shortTime, table, truncate } from './table.ts'

/** The time of the first calls that were decided again, RFC 3339. */
export type ReplaySince = { readonly since: string }

/** What a replay found, for people. */
export function replayText({ since, first_at, calls, refused }: Replay & ReplaySince): string {
  const first = first_at === null ? '' : `, the first of ${shortTime(first_at)}`
  const head = `${calls} calls since ${shortTime(since)} decided again${first}:\n`
  if (refused.length === 0) return `${head}none would newly be refused\n`
  const sum = refused.reduce((total, group) => total + group.calls, 0)
  const connectors = refused.flatMap(({ tenant, connector_ids }) =>
    connector_ids.map(id => `  ${id} ${truncate(tenant, 60)}\n`)
  )
  const examples =
    connectors.length > 0 ? `\nconnectors asked for, at most 5 of a tenant:\n${connectors.join('')}` : ''
  return `${head}${sum} would newly be refused\n\n${table(columns, refused)}${examples}`
}

/** 17, 19, 9, 5, 20 and 20 characters with two between: the 100 that a terminal is sure to have. */
const columns: readonly Column<NewlyRefused>[] = [
  ['TENANT', ({ tenant }) => truncate(tenant, 17)],
  ['CODE', ({ code }) => code],
  ['CALLS', ({ calls }) => String(calls)],
  ['KEYS', ({ keys }) => String(keys)],
  ['FIRST', ({ first_at }) => shortTime(first_at)],
  ['LAST', ({ last_at }) => shortTime(last_at)]
]
