import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type PendingEntry, pendingEntry } from '../../src/ledger/entry/pending-entry.ts'
import { GroupCommit, type GroupCommitOptions } from '../../src/ledger/group-commit.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'

const entry = (name: string): PendingEntry => pendingEntry({ at: name, kind: 'checkpoint' })

/** A store whose batches are answered by the test, one by one. */
class ManualStore {
  readonly batches: string[][] = []
  readonly #answers: { resolve(): void; reject(error: Error): void }[] = []

  readonly store: GroupCommitOptions['store'] = batch => {
    this.batches.push(batch.map(({ text }) => JSON.parse(text).at))
    return new Promise((resolve, reject) => this.#answers.push({ resolve: () => resolve([]), reject }))
  }

  async probe(): Promise<void> {
    await this.store([entry('probe')])
  }

  async stored(): Promise<void> {
    this.#answers.shift()?.resolve()
    await vi.advanceTimersByTimeAsync(0)
  }

  async failed(message = 'disk full'): Promise<void> {
    this.#answers.shift()?.reject(new Error(message))
    await vi.advanceTimersByTimeAsync(0)
  }
}

/** How a promise ended so far. */
function fate(promise: Promise<void>): { readonly now: string } {
  const known = { now: 'waiting' }
  promise.then(
    () => {
      known.now = 'durable'
    },
    (error: Error) => {
      known.now = error.message
    }
  )
  return known
}

let manual: ManualStore
function queueOf(options: Partial<GroupCommitOptions> = {}): GroupCommit {
  return new GroupCommit({
    store: manual.store,
    probe: () => manual.probe(),
    waitMs: 2000,
    events: recordEvents().events,
    ...options
  })
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance']
  })
  manual = new ManualStore()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('grouping', () => {
  test('entries that come in one turn share a batch, in the order in which they came', async () => {
    const queue = queueOf()
    const fates = ['a', 'b', 'c'].map(name => fate(queue.append(entry(name))))
    await pass(0)
    expect(manual.batches).toEqual([['a', 'b', 'c']])
    expect(fates.map(({ now }) => now)).toEqual(['waiting', 'waiting', 'waiting'])
    await manual.stored()
    expect(fates.map(({ now }) => now)).toEqual(['durable', 'durable', 'durable'])
  })

  test('one batch is under way at a time, and all that came meanwhile share the next', async () => {
    const queue = queueOf()
    fate(queue.append(entry('a')))
    await pass(0)
    fate(queue.append(entry('b')))
    await pass(5)
    fate(queue.appendRequired(entry('c')))
    await pass(5)
    expect(manual.batches).toEqual([['a']])
    await manual.stored()
    expect(manual.batches).toEqual([['a'], ['b', 'c']])
  })

  test('a batch waits a moment for more when many are expected, and never longer', async () => {
    const queue = queueOf({ expected: () => 20 })
    fate(queue.append(entry('a')))
    await pass(0)
    expect(manual.batches).toEqual([])
    fate(queue.append(entry('b')))
    await pass(2)
    expect(manual.batches).toEqual([['a', 'b']])
  })
})

describe('a wait is bounded', () => {
  test('an intent whose wait ends while it is queued is never stored', async () => {
    const queue = queueOf()
    const late = vi.fn()
    fate(queue.appendRequired(entry('kept')))
    await pass(0)
    const waiting = fate(queue.append(entry('intent'), late))
    await pass(1999)
    expect(waiting.now).toBe('waiting')
    await pass(1)
    expect(waiting.now).toMatch(/in time/)
    await manual.stored()
    await pass(5000)
    expect(manual.batches).toEqual([['kept']])
    expect(late).not.toHaveBeenCalled()
  })

  test('an intent that is stored after its wait has ended calls back, once', async () => {
    const queue = queueOf()
    const late = vi.fn()
    const waiting = fate(queue.append(entry('intent'), late))
    await pass(2000)
    expect(waiting.now).toMatch(/in time/)
    expect(late).not.toHaveBeenCalled()
    await manual.stored()
    expect(late).toHaveBeenCalledTimes(1)
    expect(queue.fault).toBeNull()
  })

  test('an intent that fails after its wait has ended is withdrawn without a late callback', async () => {
    const queue = queueOf()
    const late = vi.fn()
    fate(queue.append(entry('intent'), late))
    await pass(2000)
    await manual.failed()
    await pass(5000)
    expect(manual.batches.flat().filter(name => name === 'intent')).toHaveLength(1)
    expect(late).not.toHaveBeenCalled()
  })

  test('each entry waits from its arrival, by the injected clock', async () => {
    let now = 0
    const queue = queueOf({ now: () => now })
    const first = fate(queue.append(entry('a')))
    await pass(0)
    now = 1500
    await pass(1500)
    const second = fate(queue.append(entry('b')))
    now = 2000
    await pass(500)
    expect([first.now, second.now]).toEqual([expect.stringMatching(/in time/), 'waiting'])
    now = 3500
    await pass(1500)
    expect(second.now).toMatch(/in time/)
  })

  test('while a batch is overdue further intents are refused at once, and entries to be kept are taken', async () => {
    const queue = queueOf()
    fate(queue.append(entry('a')))
    await pass(2000)
    expect(queue.fault).toMatchObject({ code: 'store_timeout' })
    await expect(queue.append(entry('b'))).rejects.toThrow(expect.objectContaining({ code: 'store_timeout' }))
    const kept = fate(queue.appendRequired(entry('c')))
    await manual.stored()
    await manual.stored()
    expect(kept.now).toBe('durable')
    expect(manual.batches).toEqual([['a'], ['c']])
  })

  test('the queue has a bound: intents past it are refused at once', async () => {
    const queue = queueOf()
    fate(queue.append(entry('first')))
    await pass(0)
    for (let count = 0; count < 20_000; count++) fate(queue.append(entry('more')))
    await expect(queue.append(entry('one too many'))).rejects.toThrow(/does not keep up/)
  })
})

describe('a batch that fails', () => {
  test('ends the waits of its intents with the reason, and they are never stored', async () => {
    const queue = queueOf()
    const intent = fate(queue.append(entry('intent')))
    await pass(0)
    await manual.failed('disk full')
    expect(intent.now).toBe('disk full')
    expect(queue.fault?.message).toBe('disk full')
    await pass(5000)
    expect(manual.batches.flat().filter(name => name === 'intent')).toHaveLength(1)
  })

  test('is followed by a probe when nothing else waits, which notices that the store works again', async () => {
    const queue = queueOf()
    fate(queue.append(entry('intent')))
    await pass(0)
    await manual.failed()
    await pass(200)
    await manual.failed()
    await pass(200)
    expect(manual.batches).toEqual([['intent'], ['probe'], ['probe']])
    expect(queue.fault?.message).toBe('disk full')
    await manual.stored()
    expect(queue.fault).toBeNull()
  })

  test('is tried again with what has to be kept, before anything that came later', async () => {
    const queue = queueOf()
    fate(queue.append(entry('intent')))
    const kept = fate(queue.appendRequired(entry('outcome')))
    await pass(0)
    const later = fate(queue.append(entry('later')))
    await manual.failed()
    await pass(200)
    expect(manual.batches).toEqual([
      ['intent', 'outcome'],
      ['outcome', 'later']
    ])
    await manual.stored()
    expect([kept.now, later.now]).toEqual(['durable', 'durable'])
    expect(queue.fault).toBeNull()
  })

  test('a kept entry is tried until it is stored, also when nobody waits for it any more', async () => {
    const queue = queueOf()
    const kept = fate(queue.appendRequired(entry('outcome')))
    await pass(0)
    for (let attempt = 0; attempt < 20; attempt++) {
      await manual.failed()
      await pass(200)
    }
    expect(kept.now).toBe('disk full')
    await manual.stored()
    expect(manual.batches).toHaveLength(21)
    expect(new Set(manual.batches.flat())).toEqual(new Set(['outcome']))
    await pass(5000)
    expect(manual.batches).toHaveLength(21)
  })
})

test('an intent that expires behind a failing batch leaves no fault that nothing probes, and no drain that waits', async () => {
  const queue = queueOf()
  fate(queue.append(entry('first')))
  await pass(0)
  await pass(1990)
  const second = fate(queue.append(entry('second')))
  await manual.failed()
  const drained = fate(queue.drain())
  await pass(2500)
  expect(second.now).not.toBe('waiting')
  await manual.stored()
  await pass(500)
  await manual.stored()
  expect(queue.fault).toBeNull()
  expect(drained.now).toBe('durable')
})

test('the outcome of a call that another process has closed is rejected', async () => {
  const store = async () => ['r 1']
  const queue = new GroupCommit({ store, probe: async () => {}, events: recordEvents().events })
  const outcome = fate(queue.appendRequired({ text: '{}', closes: 'r 1' }))
  const other = fate(queue.appendRequired({ text: '{}', closes: 'r 2' }))
  await pass(0)
  expect([outcome.now, other.now]).toEqual(['another process has closed this call', 'durable'])
})

test('a fault is published once when it begins and once when it is over', async () => {
  const { events, recorded } = recordEvents()
  const queue = queueOf({ events })
  fate(queue.appendRequired(entry('a')))
  await pass(0)
  await manual.failed()
  await pass(200)
  await manual.failed()
  await pass(200)
  await manual.stored()
  expect(recorded).toEqual([
    ['ledger.fault', { err: new Error('disk full') }],
    ['ledger.recovered', {}]
  ])
})

describe('draining', () => {
  test('is over at once when nothing waits', async () => {
    await queueOf().drain()
  })

  test('is over only when every kept entry is stored', async () => {
    const queue = queueOf()
    fate(queue.appendRequired(entry('a')))
    const drained = fate(queue.drain())
    await pass(0)
    await manual.failed()
    await pass(200)
    expect(drained.now).toBe('waiting')
    await manual.stored()
    expect(drained.now).toBe('durable')
  })
})
