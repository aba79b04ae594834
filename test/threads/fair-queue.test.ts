import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FairQueue, type Slots } from '../../src/threads/fair-queue.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const tenants: Slots = { kind: 'tenant', count: 6 }
const administrators: Slots = { kind: 'administrator', count: 2 }

/** A queue before a thread that is held: `finish` lets it end what it is at, after so many milliseconds of its own clock. */
function heldQueue() {
  let nowMs = 0
  const queue = new FairQueue(() => nowMs)
  const begun: string[] = []
  const answers: Record<string, string> = {}
  let end: (() => void) | null = null
  const settled = () => vi.advanceTimersByTimeAsync(0)
  return {
    begun,
    answers,
    async ask(name: string, slots = tenants): Promise<void> {
      const asker = name.replace(/[0-9]+$/, '')
      const work = () => {
        begun.push(name)
        const { promise, resolve } = Promise.withResolvers<string>()
        end = () => resolve('done')
        return promise
      }
      queue.wait(slots, asker, work).then(
        answer => {
          answers[name] = answer
        },
        (error: Error & { code?: string }) => {
          answers[name] = error.code ?? error.name
        }
      )
      await settled()
    },
    async finish(tookMs = 1): Promise<void> {
      nowMs += tookMs
      end?.()
      await settled()
    },
    async pass(ms: number): Promise<void> {
      await vi.advanceTimersByTimeAsync(ms)
    }
  }
}

async function askAll(queue: ReturnType<typeof heldQueue>, ...names: string[]): Promise<void> {
  for (const name of names) await queue.ask(name)
}

describe('the order of a fair queue', () => {
  test('runs the requests of one client one after the other', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3')
    expect(queue.begun).toEqual(['a1'])
    await queue.finish()
    expect(queue.begun).toEqual(['a1', 'a2'])
    await queue.finish()
    await queue.finish()
    expect(queue.answers).toEqual({ a1: 'done', a2: 'done', a3: 'done' })
  })

  test.each([0, 1])('alternates between clients whose requests take equally long, %d ms', async tookMs => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3', 'b1', 'b2', 'c1')
    for (let turn = 0; turn < 6; turn++) await queue.finish(tookMs)
    expect(queue.begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  test('prefers the client that has used the thread least: one with slow requests waits itself', async () => {
    const queue = heldQueue()
    await askAll(queue, 'slow1', 'slow2', 'b1', 'b2', 'b3')
    await queue.finish(100)
    for (let turn = 0; turn < 3; turn++) await queue.finish(1)
    expect(queue.begun).toEqual(['slow1', 'b1', 'b2', 'b3', 'slow2'])
  })

  test('gives a client no credit for the time in which it did not ask', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3')
    await queue.finish(10)
    await queue.finish(10)
    await askAll(queue, 'late1', 'late2', 'late3')
    await queue.finish(10)
    await queue.ask('a4')
    for (let turn = 0; turn < 4; turn++) await queue.finish(10)
    expect(queue.begun).toEqual(['a1', 'a2', 'a3', 'late1', 'a4', 'late2', 'late3'])
  })

  test('is reset when nobody waits', async () => {
    const queue = heldQueue()
    await queue.ask('a1')
    await queue.finish(1_000)
    await askAll(queue, 'b1', 'a2', 'b2', 'b3')
    for (let turn = 0; turn < 4; turn++) await queue.finish(1)
    expect(queue.begun).toEqual(['a1', 'b1', 'a2', 'b2', 'b3'])
  })
})

describe('the slots of a fair queue', () => {
  test('are all for a client that is alone; past them it is refused', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7')
    expect(queue.answers).toEqual({ a7: 'overloaded' })
  })

  test('are taken from the client with most of them, newest first, down to equal shares', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1', 'b2')
    expect(queue.answers).toEqual({ a6: 'overloaded', a5: 'overloaded' })
    await askAll(queue, 'b3', 'c1')
    expect(queue.answers).toEqual({ a6: 'overloaded', a5: 'overloaded', a4: 'overloaded', b3: 'overloaded' })
    for (let turn = 0; turn < 6; turn++) await queue.finish()
    expect(queue.begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  test('of one kind are not taken by another', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6')
    for (const name of ['admin1', 'admin2', 'admin3']) await queue.ask(name, administrators)
    expect(queue.answers).toEqual({ admin3: 'overloaded' })
    await queue.finish()
    expect(queue.begun).toEqual(['a1', 'admin1'])
  })
})

describe('requests that wait too long', () => {
  test('are never begun, and keep their slots until the thread is free', async () => {
    const queue = heldQueue()
    await askAll(queue, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6')
    await queue.pass(2_000)
    expect(new Set(Object.values(queue.answers))).toEqual(new Set(['store_timeout']))
    await queue.ask('a7')
    expect(queue.answers['a7']).toBe('overloaded')
    // Others find room: nobody waits for the slots that they take over.
    await queue.ask('b1')
    await queue.finish()
    expect(queue.begun).toEqual(['a1', 'b1'])
    await queue.finish()
    await queue.ask('a8')
    await queue.finish()
    expect(queue.begun).toEqual(['a1', 'b1', 'a8'])
    expect(queue.answers).toMatchObject({ b1: 'done', a8: 'done' })
  })
})

test('an error goes to the client that asked, and the next request begins', async () => {
  const queue = new FairQueue()
  const failing = queue.wait(tenants, 'a', () => {
    throw new Error('the store has failed')
  })
  const next = queue.wait(tenants, 'a', async () => 'done')
  await expect(failing).rejects.toThrow('the store has failed')
  expect(await next).toBe('done')
})
