import { expect, test } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'

const limit = { ratePerMinute: 60, burst: 2 }

test('each key has a bucket of its own', () => {
  const limiter = new MemoryLimiter('test', () => 0)
  expect([1, 2, 3].map(() => limiter.take('a', limit).allowed)).toEqual([true, true, false])
  expect(limiter.take('b', limit).allowed).toBe(true)
})

test('a limit that is changed counts from the next request on', () => {
  const limiter = new MemoryLimiter('test', () => 0)
  for (let call = 0; call < 3; call++) limiter.take('a', limit)
  expect(limiter.take('a', { ratePerMinute: 60, burst: 5 }).allowed).toBe(true)
  expect(limiter.take('a', { ratePerMinute: 60, burst: 1 }).allowed).toBe(false)
})

test('buckets that are full again are forgotten, those in use are not', () => {
  let nowUs = 0
  const limiter = new MemoryLimiter('test', () => nowUs)
  for (let call = 0; call < 2; call++) limiter.take('in use', { ratePerMinute: 1, burst: 2 })
  for (let bucket = 0; bucket < 20_000; bucket++) {
    nowUs += 1000
    limiter.take(`passing ${bucket}`, limit)
  }
  expect(limiter.take('in use', { ratePerMinute: 1, burst: 2 }).allowed).toBe(false)
})

test('a clock that stands still never lets more through than the burst', () => {
  const limiter = new MemoryLimiter('test', () => 7)
  const admitted = Array.from({ length: 1000 }, () => limiter.take('a', limit).allowed).filter(Boolean)
  expect(admitted).toHaveLength(limit.burst)
})
