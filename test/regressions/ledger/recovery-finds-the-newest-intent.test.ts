import { expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'

// A commit that noted "all calls before this number are closed" counted the intents that it stored itself as closed:
// after a crash, recovery began behind them and left them open for ever.
test('a commit never notes an intent that it stores itself as closed', async ({ store }) => {
  const writer = LedgerWriter.open(store, { role: 'gateway', version: '0.0.0', pid: 1 }, new Date())
  writer.append([callEntry('call.intent', 1)].map(pendingEntry), 5_000)
  const noted = store.raw.prepare('SELECT open_from FROM writer WHERE id = ?').get(writer.head.writer)
  expect(noted?.['open_from']).toBeLessThanOrEqual(writer.head.seq)
})
