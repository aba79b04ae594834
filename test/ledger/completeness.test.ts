import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LedgerCompleteness } from '../../src/ledger/completeness.ts'
import type { MissingEntries } from '../../src/ledger/writer/missing-entries.ts'
import { Events } from '../../src/telemetry/events.ts'

let completeness: LedgerCompleteness
/** What the store lacks, or why it cannot tell. */
let found: MissingEntries[] | Error
let events: Events
const logged: unknown[] = []
let unsubscribe: () => void
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  logged.length = 0
  events = new Events()
  unsubscribe = events.subscribe('ledger.incomplete', payload => void logged.push(payload))
  const store = {
    call: async () => {
      if (found instanceof Error) throw found
      return found
    }
  }
  completeness = new LedgerCompleteness(store as never, events)
})
afterEach(() => {
  completeness.close()
  unsubscribe()
  vi.useRealTimers()
})

const minute = async () => await vi.advanceTimersByTimeAsync(60_000)

test('entries that turn out to be missing are logged once and shown until they, or their records, are gone', async () => {
  const missing = { writer: 'one', acknowledged: 5, stored: 3 }
  found = []
  await minute()
  expect({ logged, isLacking: completeness.isIncomplete }).toEqual({ logged: [], isLacking: false })
  found = [missing]
  await minute()
  await minute()
  expect(completeness.isIncomplete).toBe(true)
  expect(logged).toEqual([{ incident: 'ledger_incomplete', ...missing }])
  found = new Error('stuck')
  await minute()
  expect(completeness.isIncomplete).toBe(true)
  found = []
  await minute()
  expect(completeness.isIncomplete).toBe(false)
})

test('the store is compared as soon as the ledger can record again', async () => {
  found = [{ writer: 'one', acknowledged: 5, stored: 3 }]
  events.publish('ledger.recovered', {})
  await vi.advanceTimersByTimeAsync(0)
  expect(completeness.isIncomplete).toBe(true)
})
