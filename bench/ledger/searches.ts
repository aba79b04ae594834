import { writeFileSync } from 'node:fs'
import { type Search, searchLedger } from '../../src/ledger/query/search.ts'
import { openReadOnlyStore } from '../../src/store/sqlite/read-only-store.ts'
import { median } from '../statistics.ts'
import type { Filled } from './generate.ts'

/** How long the first page of one search took, in milliseconds. */
export type SearchTime = {
  readonly name: string
  readonly found: number
  /** By a fresh connection, with nothing of the file in memory where the system lets us see to that. */
  readonly firstMs: number
  readonly medianMs: number
  readonly worstMs: number
}

const pageSize = 100
const repeats = 9

/** What operators look for, and what is hardest to find. */
export function searchesOf(filled: Filled): (readonly [name: string, search: Search])[] {
  const { tenants, keys, connectors, requestId, firstAt, lastAt } = filled
  const common = tenants[0] ?? ''
  const rare = tenants.at(-1) ?? ''
  const middle = new Date((firstAt.getTime() + lastAt.getTime()) / 2)
  const hourLater = new Date(middle.getTime() + 3_600_000)
  const connectorOfRare = connectors.at(-1) ?? ''
  return [
    ['nothing: the newest', {}],
    ['a busy tenant', { tenant: common }],
    ['a quiet tenant', { tenant: rare }],
    ['a tenant that is not there', { tenant: 'nobody' }],
    ['a key', { keyId: keys.at(-1) ?? '' }],
    ['a connector', { connectorId: connectorOfRare }],
    ['a kind', { kind: 'call.outcome' }],
    ['a family of kinds', { kind: 'admin.*' }],
    ['a common code', { code: 'accepted' }],
    ['a rare code', { code: 'outcome_unknown' }],
    ['an outcome', { outcome: 'failed' }],
    ['a request', { requestId }],
    ['a request that is not there', { requestId: '00000000-0000-7000-8000-000000000000' }],
    ['the last 24 hours', { since: new Date(lastAt.getTime() - 86_400_000) }],
    ['an hour in the middle', { since: middle, until: hourLater }],
    ['all before the middle', { until: middle }],
    ['a quiet tenant and a rare code', { tenant: rare, code: 'upstream_timeout' }],
    ['a busy tenant, failed, before the middle', { tenant: common, outcome: 'failed', until: middle }],
    ['a busy tenant in an hour in the middle', { tenant: common, since: middle, until: hourLater }],
    ['a busy tenant and a connector of another', { tenant: common, connectorId: connectorOfRare }],
    ['two common ones that never meet', { kind: 'call.intent', code: 'accepted' }],
    ['three common ones that never meet', { tenant: common, kind: 'call.intent', outcome: 'accepted' }]
  ]
}

export function timeSearches(url: string, filled: Filled): SearchTime[] {
  return searchesOf(filled).map(([name, search]) => {
    forgetFiles()
    const { raw } = openReadOnlyStore(url)
    const page = { limit: pageSize }
    const took = () => {
      const begun = performance.now()
      const { items } = searchLedger(raw, search, page)
      return { found: items.length, ms: performance.now() - begun }
    }
    const first = took()
    const times = Array.from({ length: repeats }, () => took().ms)
    raw.close()
    return {
      name,
      found: first.found,
      firstMs: first.ms,
      medianMs: median(times),
      worstMs: Math.max(...times)
    }
  })
}

/** Only root may; elsewhere the first search finds the file in the system's memory, as on a machine that has been up. */
function forgetFiles(): void {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1')
  } catch {
    // As said above.
  }
}
