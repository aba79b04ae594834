import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LedgerReader } from '../../src/ledger/ledger-reader.ts'
import { testTenant } from '../support/test-app.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('reads that nobody waits for any more still count as long as the thread has them to do', async () => {
  const silent = new URL('data:text/javascript,setInterval(() => {}, 1000)')
  const reader = new LedgerReader('sqlite:none', silent)
  const read = () =>
    reader
      .syncHistory({
        caller: { tenant: testTenant, keyId: 'key' },
        connectorId: 'any',
        limit: 1,
        cursor: undefined
      })
      .catch((error: { code: string }) => error.code)
  const first = Array.from({ length: 64 }, read)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(new Set(await Promise.all(first))).toEqual(new Set(['store_unavailable']))
  expect(await read()).toBe('overloaded')
  await reader.close()
})
