import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QueryExecutor } from '../../src/threads/execute-query.ts'
import { testTenant } from '../support/fixtures/test-app.ts'

/** A reading thread that starts as it should, and hangs after its first read. */
const soonSilent = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    let reads = 0
    parentPort.on('message', ({ id, job }) => {
      if (job === 'load') parentPort.postMessage({ id, result: undefined })
      else if (++reads === 1) parentPort.postMessage({ id, result: { items: [], next: null } })
    })
  `)}`
)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('abandoned reads count as long as the thread has them to do', async () => {
  const reader = new QueryExecutor({
    storeUrl: 'sqlite:none',
    threadFile: soonSilent,
    registerReader: async () => {}
  })
  const read = () =>
    reader
      .syncHistory({
        caller: { tenant: testTenant, keyId: 'key' },
        connectorId: 'any',
        limit: 1,
        cursor: undefined
      })
      .catch((error: { code: string }) => error.code)
  expect(await read()).toEqual({ items: [], next: null })
  const first = Array.from({ length: 64 }, read)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(new Set(await Promise.all(first))).toEqual(new Set(['store_unavailable']))
  expect(await read()).toBe('overloaded')
  await reader.close()
})
