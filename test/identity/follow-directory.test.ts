import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Directory } from '../../src/identity/directory.ts'
import { followDirectory } from '../../src/identity/follow-directory.ts'
import type { DirectoryChanges } from '../../src/tenants/directory-rows.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'
import { pepper } from '../support/fixtures/temporary-store.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function changesTo(name: string, lastChange: number): DirectoryChanges {
  const settings = { rate_per_minute: 7, burst: null, operations: null, addresses: null, credentials: null }
  const tenant = { name, disabled: false, ...settings, connectors: [], keys: [] }
  return { lastChange, changed: [name], tenants: [tenant] }
}

/** A store whose polls a test answers. */
function following(settle?: () => Promise<void>) {
  const polls: { after: number; answer(changes: DirectoryChanges | null): void; fail(): void }[] = []
  const store = {
    call: ((job: string, after: number) => {
      if (job !== 'changes') return Promise.resolve()
      const { promise, resolve, reject } = Promise.withResolvers<DirectoryChanges | null>()
      polls.push({ after, answer: resolve, fail: () => reject(new Error('no store')) })
      return promise
    }) as Parameters<typeof followDirectory>[2]['call']
  }
  const directory = new Directory(pepper)
  const { events, recorded } = recordEvents()
  return {
    polls,
    directory,
    recorded,
    ...followDirectory(directory, 0, store, events, settle)
  }
}

test('a refresh reads again after a poll under way, which may have read too early', async () => {
  const { polls, directory, refresh, stop } = following()
  await vi.advanceTimersByTimeAsync(250)
  expect(polls).toHaveLength(1)
  const refreshed = refresh()
  polls[0]?.answer(changesTo('early', 1))
  await vi.advanceTimersByTimeAsync(0)
  expect(polls[1]?.after).toBe(1)
  polls[1]?.answer(changesTo('late', 2))
  await refreshed
  expect([directory.tenantNamed('early')?.ratePerMinute, directory.tenantNamed('late')?.burst]).toEqual([
    7, 10
  ])
  await stop()
})

test('a failed refresh is published and does not throw, and the next poll catches up', async () => {
  const { polls, directory, recorded, refresh, stop } = following()
  const refreshed = refresh()
  await vi.advanceTimersByTimeAsync(0)
  polls[0]?.fail()
  await refreshed
  expect(recorded).toEqual([['directory.not_read', { err: new Error('no store') }]])
  await vi.advanceTimersByTimeAsync(250)
  polls[1]?.answer(changesTo('acme', 1))
  await vi.advanceTimersByTimeAsync(0)
  expect(directory.tenantNamed('acme')?.name).toBe('acme')
  await stop()
})

test('the directory does not know a removed tenant by its name', () => {
  const directory = new Directory(pepper)
  directory.apply(changesTo('acme', 1))
  directory.apply({ lastChange: 2, changed: ['acme'], tenants: [] })
  expect(directory.tenantNamed('acme')).toBeUndefined()
})

test('changes take effect after the credentials that came with them', async () => {
  const { promise: settled, resolve } = Promise.withResolvers<void>()
  const { polls, directory, refresh, stop } = following(() => settled)
  const refreshed = refresh()
  await vi.advanceTimersByTimeAsync(0)
  polls[0]?.answer(changesTo('acme', 1))
  await vi.advanceTimersByTimeAsync(0)
  expect(directory.tenantNamed('acme')).toBeUndefined()
  resolve()
  await refreshed
  expect(directory.tenantNamed('acme')).toBeDefined()
  await stop()
})

test('slow credentials delay changes by half a second at most', async () => {
  const { polls, directory, refresh, stop } = following(() => new Promise(() => {}))
  const refreshed = refresh()
  await vi.advanceTimersByTimeAsync(0)
  polls[0]?.answer(changesTo('acme', 1))
  await vi.advanceTimersByTimeAsync(499)
  expect(directory.tenantNamed('acme')).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  await refreshed
  expect(directory.tenantNamed('acme')).toBeDefined()
  await stop()
})
