import { expect } from 'vitest'
import { segmentSize } from '../../../src/ledger/query/postings.ts'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { fillSegment, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  writer = ledger.open(1)
})

const damage = (sql: string) => ledger.store.raw.exec(sql)

test.each([
  ['without its segments', 'DELETE FROM ledger_segment'],
  ['with postings of segments to come', "INSERT INTO ledger_posting SELECT id, 1, x'ff' FROM ledger_term"]
])('entries are stored over an index %s, and found', (_, sql) => {
  fillSegment(writer, 2, 0)
  damage(sql)
  fillSegment(writer, 3, segmentSize)
  const found = searchLedger(ledger.store.raw, { kind: 'call.outcome' }, { limit: 2 * segmentSize })
  expect(found.items).toHaveLength(segmentSize)
})
