import { expect, test } from 'vitest'
import { KeptBytes } from '../../../src/http/connections/kept-bytes.ts'
import { SlowReaders } from '../../../src/http/connections/slow-readers.ts'
import { Turns } from '../../../src/http/connections/turns.ts'

function keeper(kept: number, known = false) {
  return {
    kept,
    known,
    ended: false,
    end() {
      this.ended = true
    }
  }
}

test('past the bound those end for whom bytes are kept longest, strangers first', () => {
  const bytes = new KeptBytes(100)
  const all = [keeper(40, true), keeper(30), keeper(30)]
  for (const one of all) bytes.note(one)
  expect(all.map(({ ended }) => ended)).toEqual([false, false, false])
  const next = keeper(40)
  bytes.note(next)
  expect([...all, next].map(({ ended }) => ended)).toEqual([false, true, true, false])
  expect(bytes).toMatchObject({ total: 80, ended: 2 })
  bytes.note(keeper(90, true))
  expect([...all, next].map(({ ended }) => ended)).toEqual([true, true, true, true])
  expect(bytes.total).toBe(90)
})

test('what is kept no more does not count, however often it is noted', () => {
  const bytes = new KeptBytes(100)
  const one = keeper(60)
  bytes.note(one)
  bytes.note(one)
  expect(bytes.total).toBe(60)
  one.kept = 0
  bytes.note(one)
  bytes.forget(one)
  bytes.forget(one)
  expect(bytes.total).toBe(0)
})

test('a reader ends when nothing was taken for the whole time, and only then', () => {
  const readers = new SlowReaders(10_000)
  const reader = {
    bytes: 900,
    taken: 900,
    ended: 0,
    waiting() {
      return this
    },
    end() {
      this.ended++
    }
  }
  for (let now = 0; now < 10_000; now += 1_000) readers.look([reader], now)
  reader.taken = 901
  for (let now = 10_000; now < 20_000; now += 1_000) readers.look([reader], now)
  expect(reader.ended).toBe(0)
  readers.look([reader], 20_000)
  expect(reader.ended).toBe(1)
  reader.bytes = 0
  for (let now = 21_000; now < 40_000; now += 1_000) readers.look([reader], now)
  reader.bytes = 5
  readers.look([reader], 40_000)
  readers.look([reader], 49_999)
  expect(reader.ended).toBe(1)
  expect(readers.ended).toBe(1)
})

test('one may go on in every second turn alone', async () => {
  const turns = new Turns(0.5)
  const gone: number[] = []
  expect([turns.goOn(), turns.goOn()]).toEqual([true, false])
  for (const index of [0, 1]) turns.add({ turn: () => void gone.push(index) })
  const seen: number[] = []
  while (turns.busy) {
    await new Promise(resolve => setImmediate(resolve))
    seen.push(gone.length)
  }
  expect(seen).toEqual([0, 1, 1, 2])
})

test('a few that wait go on in each turn of the event loop, in their order', async () => {
  const turns = new Turns(2)
  const gone: number[] = []
  const waiting = Array.from({ length: 5 }, (_, index) => ({ turn: () => void gone.push(index) }))
  for (const one of waiting) turns.add(one)
  turns.remove(waiting[3] as (typeof waiting)[0])
  const seen: number[] = []
  while (turns.busy) {
    await new Promise(resolve => setImmediate(resolve))
    seen.push(gone.length)
  }
  expect(gone).toEqual([0, 1, 2, 4])
  expect(seen).toEqual([2, 4])
})
