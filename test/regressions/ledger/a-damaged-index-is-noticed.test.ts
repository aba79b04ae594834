import { afterEach, beforeEach, expect, test } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { segmentSize } from '../../../src/ledger/query/postings.ts'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { day, PrunedStore } from '../../ledger/retention/prune-fixture.ts'
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

test.each([
  ['without its segments', 'DELETE FROM ledger_segment'],
  ['with postings of segments to come', "INSERT INTO ledger_posting SELECT id, 1, x'ff' FROM ledger_term"]
])('entries are stored over an index %s, and found', (_, sql) => {
  fillSegment(2, 0)
  damage(sql)
  fillSegment(3, segmentSize)
  const found = searchLedger(ledger.store.raw, { kind: 'call.outcome' }, { limit: 2 * segmentSize })
  expect(found.items).toHaveLength(segmentSize)
})
