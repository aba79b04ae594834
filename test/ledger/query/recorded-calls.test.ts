import fc from 'fast-check'
import { expect } from 'vitest'
import { EarliestFirst } from '../../../src/base/earliest-first.ts'
import { Chain } from '../../../src/ledger/entry/chain.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { type RecordedCall, recordedCallsSince } from '../../../src/ledger/query/recorded-calls.ts'
import { BatchWriter } from '../../../src/ledger/writer/batch-writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callEntry, RowsBuilder, second, type storeWith } from '../../support/fixtures/sample-ledger.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()
const start = Date.UTC(2026, 10, 24, 6)
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString()

let openWith: typeof storeWith
test.beforeEach(({ storeWith }) => {
  openWith = storeWith
})

async function storeOf(entries: readonly EntryFields[]): Promise<Store> {
  const rows = new RowsBuilder().open(second)
  for (const fields of entries) rows.add(second, fields)
  return (await openWith(rows.rows)).store
}

async function callsIn(entries: readonly EntryFields[], since = 0): Promise<RecordedCall[]> {
  const { raw } = await storeOf(entries)
  return [...recordedCallsSince(raw, new Date(start + since * 1000))]
}

const seconds = (found: readonly RecordedCall[]) => found.map(({ atUs }) => atUs / 1_000_000 - start / 1000)

function rejected(more: Partial<EntryFields>): EntryFields {
  return { kind: 'call.rejected', at: at(0), tenant: 'acme', status: 429, code: 'rate_limited', ...more }
}

function aggregate(more: Partial<EntryFields>): EntryFields {
  return rejected({ count: 5, first_at: at(0), last_at: at(8), ...more })
}

test('a request that was not admitted is no call, also when its key names a tenant', async () => {
  const refused = { status: 401, code: 'credentials_invalid', key_id: 'k', client_ip: '::1' } as const
  const found = await callsIn([
    rejected({ ...refused, reason: 'revoked', at: at(1) }),
    rejected({ ...refused, reason: 'address', at: at(2) }),
    aggregate({ ...refused, reason: 'tenant_disabled' }),
    rejected({ ...refused, code: 'rate_limited', status: 429, reason: 'expired', at: at(3) }),
    rejected({ at: at(4) })
  ])
  expect(seconds(found)).toEqual([4])
})

test('each call comes once, with all that is known of it, whatever became of it', async () => {
  const found = await callsIn([
    callEntry('call.intent', 2),
    callEntry('call.outcome', 2),
    callEntry('call.intent', 3, { attempt: 2 }),
    callEntry('call.intent', 4, { tenant: undefined }),
    rejected({ at: at(3), status: 401, code: 'credentials_invalid', tenant: undefined }),
    rejected({ at: at(5), key_id: 'k', connector_id: 'c', operation: 'connector.sync', client_ip: '::1' })
  ])
  expect(seconds(found)).toEqual([2, 5])
  expect(found[0]).toMatchObject({ tenant: 'acme', keyId: 'key2', clientIp: '127.0.0.1', isFaulty: false })
  expect(found[1]).toMatchObject({
    keyId: 'k',
    connectorId: 'c',
    operation: 'connector.sync',
    clientIp: '::1'
  })
})

test('entries of parallel processes come in the order of time', async () => {
  const times = [4, 1, 3, 9, 8, 20, 15]
  expect(seconds(await callsIn(times.map(second => callEntry('call.intent', second))))).toEqual([
    1, 3, 4, 8, 9, 15, 20
  ])
})

test('an entry that counts many gives them evenly, each at its time between the others', async () => {
  const found = await callsIn([
    callEntry('call.intent', 1),
    callEntry('call.intent', 5),
    aggregate({ at: at(10) }),
    callEntry('call.intent', 60)
  ])
  expect(seconds(found)).toEqual([0, 1, 2, 4, 5, 6, 8, 60])
  expect(seconds(await callsIn([aggregate({ count: 1, last_at: at(0) })]))).toEqual([0])
  expect(seconds(await callsIn([aggregate({ at: at(10) })], 3))).toEqual([4, 6, 8])
})

test('an entry that is later than the order allows for comes late, and is not lost', async () => {
  const found = await callsIn([callEntry('call.intent', 1), callEntry('call.intent', 90), aggregate({})])
  expect(seconds(found)).toEqual([1, 0, 2, 4, 6, 8, 90])
})

test.each([
  [{ status: 400, code: 'request_invalid' }, true],
  [{ status: 415, code: 'media_type_unsupported' }, true],
  [{ status: 429, code: 'rate_limited' }, false],
  [{ status: 403, code: 'permission_denied' }, false],
  [{ status: 404, code: 'connector_not_found' }, false],
  [{ status: 503, code: 'upstream_busy' }, false]
] as const)('a refusal with %o is the fault of the call: %s', async (refusal, isFaulty) => {
  expect(await callsIn([rejected(refusal)])).toMatchObject([{ isFaulty }])
})

test('a time is found by the index, and behind it, without reading what is before', async () => {
  const store = await storeOf([])
  const table = new BatchWriter(store.raw)
  const chain = Chain.start('019a9612-0000-7000-8000-0000000000ff')
  const calls = Array.from({ length: 6000 }, (_, call) => call + 1)
  const hashed = calls.map(call => chain.append(pendingEntry(callEntry('call.intent', call))))
  store.raw.exec('BEGIN')
  table.append(chain.head.writer, 1, hashed)
  store.raw.exec('COMMIT')
  for (const since of [1, 2047, 2048, 2049, 4500, 5999, 6000, 6001]) {
    const found = [...recordedCallsSince(store.raw, new Date(start + since * 1000))]
    expect(found).toHaveLength(Math.max(0, 6000 - since + 1))
    if (found.length > 0) expect(seconds(found)[0]).toBe(since)
  }
  // Rows before the time are not read: of what they hold nothing is believed, or needed.
  store.raw.exec("UPDATE ledger_batch SET texts = 'no entry' WHERE id < 2000")
  expect([...recordedCallsSince(store.raw, new Date(start + 4500 * 1000))]).toHaveLength(1501)
})

test(`the earliest comes first, and of the same time what was put in first (seed ${seed})`, () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 })
  fc.assert(
    fc.property(times, drawn => {
      const waiting = new EarliestFirst<{ atUs: number; index: number }>()
      for (const [index, atUs] of drawn.entries()) waiting.put({ atUs, index })
      const taken = drawn.map(() => waiting.take())
      const sorted = drawn.map((atUs, index) => ({ atUs, index })).sort((one, other) => one.atUs - other.atUs)
      expect(taken).toEqual(sorted)
      expect([waiting.take(), waiting.earliestUs]).toEqual([undefined, Number.POSITIVE_INFINITY])
    }),
    { seed }
  )
})
