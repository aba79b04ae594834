import { expect } from 'vitest'
import { syncHistory } from '../../../src/ledger/query/sync-history.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callsOn } from '../../support/fixtures/pruned-store.ts'
import { requestId } from '../../support/fixtures/sample-ledger.ts'

test('a page of a history that goes on behind a pruned call is empty and the last', async ({ ledger }) => {
  callsOn(ledger.open(1), 2, 30)
  const page = (cursor: string | undefined) =>
    syncHistory(ledger.store.raw, {
      tenant: 'acme',
      connectorId: '019a9612-bfad-758c-884e-37dd8c6ad2cb',
      limit: 2,
      cursor
    })
  const next = requestId(6)
  expect(page(next)?.items.map(call => call.request_id)).toEqual([requestId(4), requestId(2)])
  await ledger.prune(10, 'a1')
  expect(page(next)).toEqual({ items: [], next: null })
  expect(page(requestId(12))?.items.map(call => call.request_id)).toEqual([requestId(10)])
  // One that no history can have given: it would be younger than what is left.
  expect(page('ffffffff-1111-7000-8000-000000000006')).toBeNull()
})
