import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/base/bounded-map.ts'
import { threadCostMs } from '../support/linear.ts'

test('a bounded map never holds more than its bound, and those set longest ago go first', () => {
  const map = new BoundedMap<number, number>(80)
  for (let key = 0; key < 1000; key++) {
    map.set(key, key)
    map.set(0, key)
    expect(map.size).toBeLessThanOrEqual(80)
    expect([map.has(0), map.has(key)]).toEqual([true, true])
  }
  expect(map.has(900)).toBe(false)
  expect([...map.keys()].filter(key => key > 930)).toHaveLength(69)
})

test('a full bounded map evicts without passing over all its entries each time', () => {
  const map = new BoundedMap<number, number>(100_000)
  for (let key = 0; key < 100_000; key++) map.set(key, key)
  const costMs = threadCostMs(() => {
    for (let key = 100_000; key < 120_000; key++) map.set(key, key)
  })
  // One by one it would take several seconds.
  expect(costMs).toBeLessThan(1000)
})
