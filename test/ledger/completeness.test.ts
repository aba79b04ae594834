import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LedgerCompleteness } from '../../src/ledger/completeness.ts'
import type { MissingEntries } from '../../src/ledger/writer/missing-entries.ts'

let completeness: LedgerCompleteness
/** What the store lacks, or why it cannot tell. */
let found: MissingEntries[] | Error
const logged: unknown[] = []
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  logged.length = 0
  const store = {
    call: async () => {
      if (found instanceof Error) throw found
      return found
    }
  }
  const error = (facts: unknown) => void logged.push(facts)
  completeness = new LedgerCompleteness(store as never, { error } as never)
})
afterEach(() => {
  completeness.close()
  vi.useRealTimers()
})

const minute = async () => await vi.advanceTimersByTimeAsync(60_000)

test('entries that turn out to be missing are logged once and shown until they, or their records, are gone', async () => {
  const missing = { writer: 'one', acknowledged: 5, stored: 3 }
  found = []
  await minute()
  expect({ logged, isLacking: completeness.isLacking }).toEqual({ logged: [], isLacking: false })
  found = [missing]
  await minute()
  await minute()
  expect(completeness.isLacking).toBe(true)
  expect(logged).toEqual([{ incident: 'ledger_incomplete', ...missing }])
  found = new Error('stuck')
  await minute()
  expect(completeness.isLacking).toBe(true)
  found = []
  await minute()
  expect(completeness.isLacking).toBe(false)
})
