import { expect } from 'vitest'
import type { Page } from '../../../src/contract/pagination.ts'
import { Chain } from '../../../src/ledger/entry/chain.ts'
import type { LedgerEntry } from '../../../src/ledger/entry/entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { entriesOfRequest, type Search, searchLedger } from '../../../src/ledger/query/search.ts'
import { BatchWriter } from '../../../src/ledger/writer/batch-writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { callEntry, first, RowsBuilder, requestId, storeWith } from '../../support/fixtures/sample-ledger.ts'
import { opened, test as plainTest } from '../../support/fixtures/test.ts'

const test = plainTest.extend(
  'filled',
  { scope: 'file' },
  opened(() => storeWith(ledger().rows))
)
let store: Store
test.beforeAll(({ filled }) => {
  store = filled.store
})

/** Calls 1 to 40; every tenth failed; a request refused for each of them that is divisible by eight. */
function ledger(): RowsBuilder {
  const rows = new RowsBuilder().open(first)
  for (let call = 1; call <= 40; call++) {
    rows.add(first, callEntry('call.intent', call))
    const failed = call % 10 === 0 && { status: 502, code: 'upstream_failed' as const }
    rows.add(first, callEntry('call.outcome', call, failed || {}))
    if (call % 8 === 0)
      rows.add(first, {
        at: callEntry('call.intent', call).at,
        kind: 'call.rejected',
        request_id: requestId(1000 + call),
        client_ip: '192.0.2.1',
        code: 'credentials_invalid',
        status: 401
      })
  }
  return rows.add(first, { at: '2026-11-24T06:01:00.000Z', kind: 'admin.tenant_created', tenant: 'acme' })
}

function all(search: Search): Page<LedgerEntry>['items'] {
  return searchLedger(store.raw, search, { limit: 1000 }).items
}

test('the newest entry comes first, and members are in the order of an export', () => {
  const items = all({})
  expect(items).toHaveLength(87)
  expect(items[0]).toMatchObject({ kind: 'admin.tenant_created', seq: 87 })
  expect(items.map(item => item.seq)).toEqual(Array.from({ length: 87 }, (_, index) => 87 - index))
  const names = Object.keys(items[1] ?? {})
  expect(names.slice(0, 4)).toEqual(['writer', 'seq', 'at', 'kind'])
  expect(names.slice(-2)).toEqual(['prev', 'hash'])
})

test.each<[string, Search, number]>([
  ['tenant', { tenant: 'acme' }, 41],
  ['key', { keyId: 'key1' }, 28],
  ['connector, in any case', { connectorId: '019A9612-BFAD-758C-884E-37DD8C6AD2CB' }, 80],
  ['kind', { kind: 'call.outcome' }, 40],
  ['family of kinds', { kind: 'call.*' }, 85],
  ['code', { code: 'upstream_failed' }, 4],
  ['request', { requestId: requestId(7).toUpperCase() }, 2],
  ['time from', { since: new Date('2026-11-24T06:00:39.000Z') }, 6],
  ['time to, which is not included', { until: new Date('2026-11-24T06:00:02.000Z') }, 3],
  ['several at once', { tenant: 'acme', kind: 'call.outcome', code: 'upstream_failed' }, 4],
  ['nothing that fits', { tenant: "x' OR 1=1 --" }, 0]
])('a search by %s finds just the entries that fit', (_what, search, count) => {
  expect(all(search)).toHaveLength(count)
})

test('pages, read one after the other, hold every entry once, also while the ledger grows', () => {
  const seen: number[] = []
  const before = all({ tenant: 'acme' }).map(item => item.seq)
  const chain = new Chain({ writer: first, seq: 87, hash: 'f'.repeat(64) })
  let cursor: string | null = null
  do {
    const page: Page<LedgerEntry> = searchLedger(
      store.raw,
      { tenant: 'acme' },
      { limit: 7, ...(cursor && { cursor }) }
    )
    expect(page.items.length).toBeLessThanOrEqual(7)
    seen.push(...page.items.map(item => item.seq))
    const { text, hash } = chain.append(pendingEntry(callEntry('call.intent', 100 + seen.length * 2)))
    new BatchWriter(store.raw).append(first, chain.tip.seq, [{ text, hash }])
    cursor = page.next
  } while (cursor !== null)
  expect(seen).toEqual(before)
  store.raw.exec('DELETE FROM ledger_batch WHERE id > 87')
})

test('a page that holds exactly the rest is the last', () => {
  expect(searchLedger(store.raw, { code: 'upstream_failed' }, { limit: 4 }).next).toBeNull()
  expect(searchLedger(store.raw, { code: 'upstream_failed' }, { limit: 3 }).next).not.toBeNull()
})

test('a request is found with all its entries, oldest first, refused requests included', () => {
  expect(entriesOfRequest(store.raw, requestId(5)).map(item => item.kind)).toEqual([
    'call.intent',
    'call.outcome'
  ])
  expect(entriesOfRequest(store.raw, requestId(1008)).map(item => item.code)).toEqual(['credentials_invalid'])
  expect(entriesOfRequest(store.raw, requestId(999))).toEqual([])
})
