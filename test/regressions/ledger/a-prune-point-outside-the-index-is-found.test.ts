import { afterEach, beforeEach, expect, test } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { segmentSize } from '../../../src/ledger/query/postings.ts'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { call, callsOn, day, PrunedStore } from '../../ledger/retention/prune-fixture.ts'
import { callEntry } from '../../ledger/verify/verify-fixture.ts'

let ledger: PrunedStore
let writer: LedgerWriter
beforeEach(async () => {
  ledger = await PrunedStore.make()
  writer = ledger.open(1)
})
afterEach(() => ledger.remove())

/** Enough calls to fill a segment, none older than the day. */
function fillSegment(onDay: number, firstCall: number): void {
  const at = day(onDay).toISOString()
  const calls = Array.from({ length: segmentSize / 2 }, (_, index) => firstCall + index)
  const entries = calls.flatMap(number => [
    callEntry('call.intent', number, { at }),
    callEntry('call.outcome', number, { at })
  ])
  writer.append(entries.map(pendingEntry), 0)
}

const damage = (sql: string) => ledger.store.raw.exec(sql)

test('a prune point that the index lacks is found for verification, and for the next prune', async () => {
  const idle = ledger.open(1)
  callsOn(writer, 2, 20)
  await ledger.prune(10, 'a1')
  fillSegment(50, 100)
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
