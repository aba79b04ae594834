import { expect } from 'vitest'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { call, callsOn, fillSegment, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  writer = ledger.open(1)
})

const damage = (sql: string) => ledger.store.raw.exec(sql)

test('a prune point that the index lacks is found for verification, and for the next prune', async () => {
  const idle = ledger.open(1)
  callsOn(writer, 2, 20)
  await ledger.prune(10, 'a1')
  fillSegment(writer, 50, 100)
  damage('DELETE FROM ledger_posting')
  expect(searchLedger(ledger.store.raw, { kind: 'admin.*' }, { limit: 9 }).items).toEqual([])
  expect((await ledger.verify()).faults).toEqual([])
  await ledger.prune(15, 'a2')
  damage('DELETE FROM ledger_posting')
  call(idle, 3000, 52)
  expect((await ledger.verify()).faults).toEqual([])
  const archives = ['a1', 'a2'].map(name => ledger.path(name))
  expect((await verifyParts(archives.slice(1), {}, ledger.store.raw)).faults).toEqual([])
  expect((await verifyParts(archives, {}, ledger.store.raw)).faults).toEqual([])
})
