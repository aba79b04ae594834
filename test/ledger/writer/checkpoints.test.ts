import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Ledger } from '../../../src/ledger/ledger.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function ledgerWith(store: () => Promise<string[]>) {
  const asked: { always: boolean }[] = []
  const ledger = new Ledger({
    store,
    checkpoint: async options => void asked.push(options),
    events: recordEvents().events
  })
  return { ledger, asked }
}

test('once a minute a checkpoint is asked for, for as long as the ledger is in use', async () => {
  const { ledger, asked } = ledgerWith(async () => [])
  await vi.advanceTimersByTimeAsync(180_000)
  expect(asked).toEqual([{ always: false }, { always: false }, { always: false }])
  await ledger.flush()
  await vi.advanceTimersByTimeAsync(180_000)
  expect(asked).toHaveLength(3)
})

test('while the store fails, a checkpoint is tried until one is stored, which ends the fault', async () => {
  let fails = true
  const { ledger, asked } = ledgerWith(async () => {
    if (fails) throw new Error('disk full')
    return []
  })
  const facts = {
    request_id: 'r',
    tenant: 't',
    key_id: 'k',
    connector_id: 'c',
    operation: 'connector.sync',
    attempt: 1,
    client_ip: '127.0.0.1',
    request: {},
    credential: 'default@1'
  }
  const refused = expect(ledger.recordIntent(facts)).rejects.toMatchObject({ code: 'ledger_unavailable' })
  await vi.advanceTimersByTimeAsync(10)
  await refused
  expect(ledger.fault?.message).toBe('disk full')
  fails = false
  await vi.advanceTimersByTimeAsync(300)
  expect(asked).toEqual([{ always: true }])
  expect(ledger.fault).toBeNull()
})
