import { expect } from 'vitest'
import { pastTime } from '../../../src/cli/input/time-options.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { parseExported } from '../../../src/ledger/entry/parse-entry.ts'
import { exportedLines } from '../../../src/ledger/query/export.ts'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { call } from '../../support/fixtures/pruned-store.ts'
import { callEntry, first, RowsBuilder } from '../../support/fixtures/sample-ledger.ts'

test('a member is exported whatever its name', async ({ storeWith }) => {
  const odd = JSON.parse(
    '{"constructor":1,"toString":2,"__proto__":3,"valueOf":{"hasOwnProperty":4}}'
  ) as object
  const rows = new RowsBuilder().open(first)
  rows.add(first, Object.assign(Object.create(null), callEntry('call.intent', 1), odd) as EntryFields)
  const { store } = await storeWith(rows.rows)
  const lines = [...exportedLines(store.raw)].join('').trimEnd().split('\n')
  const [, line = ''] = lines
  expect(Object.keys(JSON.parse(line))).toEqual(expect.arrayContaining(Object.keys(odd)))
  expect(parseExported('line 2', line)).toMatchObject({ hash: rows.rows[1]?.hash, text: rows.rows[1]?.entry })
})

test('a time that an offset leads past the year 9999 is after all entries', ({ ledger }) => {
  call(ledger.open(1), 1, 1)
  const late = pastTime('9999-12-31T23:59:59-14:00')(new Date())
  const early = pastTime('0000-01-01T00:00:00+14:00')(new Date())
  const count = (search: object) => searchLedger(ledger.store.raw, search, { limit: 10 }).items.length
  expect([{ until: late }, { since: late }, { since: early }, { until: early }].map(count)).toEqual([
    3, 0, 3, 0
  ])
})
