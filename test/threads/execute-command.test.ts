import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { domainError } from '../../src/contract/error-table.ts'
import { storeFault } from '../../src/store/store-fault.ts'
import { CommandExecutor } from '../../src/threads/execute-command.ts'

const alice = { keyId: 'alice', role: 'operator' } as const
const grant = { name: 'acme', connector: '*' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const silent = { call: () => new Promise<never>(() => {}) }

test('a change without an answer in time is reported as possibly made', async () => {
  const administration = new CommandExecutor({ store: silent, refresh: async () => {} })
  const change = administration.execute(alice, 'addGrant', grant)
  const failed = expect(change).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringMatching(/may have been made/),
    options: { uncertain: true }
  })
  await vi.advanceTimersByTimeAsync(2_000)
  await failed
})

test.each([
  ['disk_full', 'The disk of the store is full. Nothing was changed.'],
  ['locked', 'Another process has locked the store. Nothing was changed.'],
  ['io_failed', 'The store has failed. The change may have been made: look before you repeat it.']
] as const)('the answer after %s says whether the change may have been made', async (code, message) => {
  const store = {
    async call() {
      throw storeFault(code)
    }
  }
  const administration = new CommandExecutor({ store, refresh: async () => {} })
  await expect(administration.execute(alice, 'addGrant', grant)).rejects.toMatchObject({
    code: 'store_unavailable',
    message
  })
})

test('a change is answered also when this process is late to follow it', async () => {
  const refresh = () => new Promise<never>(() => {})
  const administration = new CommandExecutor({ store: { call: async () => 'made' }, refresh })
  const change = administration.execute(alice, 'addGrant', grant)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await change).toBe('made')
})

test('a change is answered only when this process follows it, however many are made at once', async () => {
  const asked: (() => void)[] = []
  const refresh = () => new Promise<void>(resolve => asked.push(resolve))
  const administration = new CommandExecutor({ store: { call: async () => 'made' }, refresh })
  let answered = 0
  const change = () => administration.execute(alice, 'addGrant', grant).then(() => answered++)
  const early = Array.from({ length: 64 }, change)
  await vi.advanceTimersByTimeAsync(10)
  const late = Array.from({ length: 64 }, change)
  await vi.advanceTimersByTimeAsync(10)
  expect({ asked: asked.length, answered }).toEqual({ asked: 128, answered: 0 })
  for (const done of asked) done()
  await Promise.all([...early, ...late])
  expect(answered).toBe(128)
})

test('no more than 64 changes wait at once', async () => {
  const administration = new CommandExecutor({ store: silent, refresh: async () => {} })
  const waiting = Array.from({ length: 64 }, () => administration.execute(alice, 'addGrant', grant))
  const ended = Promise.allSettled(waiting)
  await expect(administration.execute(alice, 'addGrant', grant)).rejects.toMatchObject({ code: 'overloaded' })
  await vi.advanceTimersByTimeAsync(2_000)
  expect((await ended).every(({ status }) => status === 'rejected')).toBe(true)
})

test('a refusal is passed on unchanged, and the key names the actor', async () => {
  const refusal = domainError('tenant_not_found', 'no')
  const asked: unknown[] = []
  const store = {
    async call(_job: 'administer', request: unknown) {
      asked.push(request)
      throw refusal
    }
  }
  const administration = new CommandExecutor({ store, refresh: async () => {} })
  await expect(administration.execute(alice, 'addGrant', grant)).rejects.toBe(refusal)
  expect(asked).toEqual([{ name: 'addGrant', input: grant, actor: 'admin-key:alice' }])
})
