import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { BufferBudget } from '../../../src/http/connections/buffer-budget.ts'
import { TickQueue } from '../../../src/http/connections/tick-queue.ts'
import { WriteBacklog } from '../../../src/http/connections/write-backlog.ts'
import type { NodeSocket } from '../../../src/http/node-socket.ts'

function connection(bufferedBytes: number, authenticated = false) {
  return {
    bufferedBytes,
    authenticated,
    ended: false,
    end() {
      this.ended = true
    }
  }
}

test('past its bound the budget ends those with bytes buffered longest, anonymous ones first', () => {
  const budget = new BufferBudget(100)
  const all = [connection(40, true), connection(30), connection(30)]
  for (const one of all) budget.update(one)
  expect(all.map(({ ended }) => ended)).toEqual([false, false, false])
  const next = connection(40)
  budget.update(next)
  expect([...all, next].map(({ ended }) => ended)).toEqual([false, true, true, false])
  expect(budget).toMatchObject({ total: 80, ended: 2 })
  budget.update(connection(90, true))
  expect([...all, next].map(({ ended }) => ended)).toEqual([true, true, true, true])
  expect(budget.total).toBe(90)
})

test('bytes that are no longer buffered do not count, however often they are reported', () => {
  const budget = new BufferBudget(100)
  const one = connection(60)
  budget.update(one)
  budget.update(one)
  expect(budget.total).toBe(60)
  one.bufferedBytes = 0
  budget.update(one)
  budget.remove(one)
  budget.remove(one)
  expect(budget.total).toBe(0)
})

test('a backlog is stalled when nothing was taken of it for the whole time, and only then', () => {
  const socket = { writableLength: 900, _handle: { bytesWritten: 900, writeQueueSize: 0 } }
  const slot = { socket: new Duplex(), network: '', authenticated: false, hasBacklog: false }
  const backlog = new WriteBacklog(socket as unknown as Socket as NodeSocket, slot)
  const stalledAt = (nowMs: number) => backlog.isStalled(nowMs, 10_000)
  for (let now = 0; now < 10_000; now += 1_000) expect(stalledAt(now)).toBe(false)
  socket._handle.bytesWritten = 901
  for (let now = 10_000; now < 20_000; now += 1_000) expect(stalledAt(now)).toBe(false)
  expect(stalledAt(20_000)).toBe(true)
  expect(slot.hasBacklog).toBe(true)
  socket.writableLength = 0
  for (let now = 21_000; now < 40_000; now += 1_000) expect(stalledAt(now)).toBe(false)
  expect(slot.hasBacklog).toBe(false)
  socket.writableLength = 5
  expect(stalledAt(40_000)).toBe(false)
  expect(stalledAt(49_999)).toBe(false)
})

test('a queue of one half lets an entry go on in every second turn only', async () => {
  const queue = new TickQueue(0.5)
  const gone: number[] = []
  expect([queue.tryPass(), queue.tryPass()]).toEqual([true, false])
  for (const index of [0, 1]) queue.add(() => void gone.push(index))
  const seen: number[] = []
  while (queue.busy) {
    await new Promise(resolve => setImmediate(resolve))
    seen.push(gone.length)
  }
  expect(seen).toEqual([0, 1, 1, 2])
})

test('a queue lets a few entries go on in each turn of the event loop, in their order', async () => {
  const queue = new TickQueue(2)
  const gone: number[] = []
  const waiting = Array.from({ length: 5 }, (_, index) => () => void gone.push(index))
  for (const one of waiting) queue.add(one)
  queue.remove(waiting[3] as (typeof waiting)[0])
  const seen: number[] = []
  while (queue.busy) {
    await new Promise(resolve => setImmediate(resolve))
    seen.push(gone.length)
  }
  expect(gone).toEqual([0, 1, 2, 4])
  expect(seen).toEqual([2, 4])
})
