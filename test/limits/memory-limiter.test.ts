import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'

const limit = { ratePerMinute: 60, burst: 2 }

test('each key has its own bucket', () => {
  const limiter = new MemoryLimiter('test', () => 0)
  expect([1, 2, 3].map(() => limiter.take('a', limit).allowed)).toEqual([true, true, false])
  expect(limiter.take('b', limit).allowed).toBe(true)
})

test('a changed limit applies from the next request on', () => {
  const limiter = new MemoryLimiter('test', () => 0)
  for (let call = 0; call < 3; call++) limiter.take('a', limit)
  expect(limiter.take('a', { ratePerMinute: 60, burst: 5 }).allowed).toBe(true)
  expect(limiter.take('a', { ratePerMinute: 60, burst: 1 }).allowed).toBe(false)
})

test('a bucket used up under a slow limit does not delay a faster one, and a refusal names the true wait', () => {
  let nowUs = 0
  const limiter = new MemoryLimiter('test', () => nowUs)
  for (let call = 0; call < 10; call++) limiter.take('a', { ratePerMinute: 1, burst: 10 })
  const faster = { ratePerMinute: 6000, burst: 10 }
  expect(limiter.peek('a', faster)).toEqual({ remaining: 0, resetUs: 100_000 })
  const refused = limiter.take('a', faster)
  expect(refused).toMatchObject({ allowed: false, retryAfterUs: 10_000, resetUs: 100_000 })
  nowUs += refused.retryAfterUs - 1
  expect(limiter.take('a', faster).allowed).toBe(false)
  nowUs += 1
  expect(limiter.take('a', faster).allowed).toBe(true)
  nowUs += 90_000
  expect(limiter.peek('a', faster)).toEqual({ remaining: 9, resetUs: 10_000 })
})

test('after a change no more is admitted than the new limit admits, whatever it was before', () => {
  const limited = fc.record({
    ratePerMinute: fc.integer({ min: 1, max: 6_000 }),
    burst: fc.integer({ min: 1, max: 20 })
  })
  const pauses = fc.array(fc.integer({ min: 0, max: 2_000_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(limited, limited, pauses, (before, after, steps) => {
      let nowUs = 0
      const limiter = new MemoryLimiter('test', () => nowUs)
      for (let call = 0; call < before.burst; call++) limiter.take('a', before)
      let admitted = 0
      for (const step of steps) {
        if (limiter.take('a', after).allowed) admitted++
        expect(admitted).toBeLessThanOrEqual(after.burst + (nowUs * after.ratePerMinute) / 60_000_000)
        nowUs += step
      }
    })
  )
})

test('full buckets are forgotten, those in use are not', () => {
  let nowUs = 0
  const limiter = new MemoryLimiter('test', () => nowUs)
  for (let call = 0; call < 2; call++) limiter.take('in use', { ratePerMinute: 1, burst: 2 })
  for (let bucket = 0; bucket < 20_000; bucket++) {
    nowUs += 1000
    limiter.take(`passing ${bucket}`, limit)
  }
  expect(limiter.take('in use', { ratePerMinute: 1, burst: 2 }).allowed).toBe(false)
})

test('a clock that stands still admits no more than the burst', () => {
  const limiter = new MemoryLimiter('test', () => 7)
  const admitted = Array.from({ length: 1000 }, () => limiter.take('a', limit).allowed).filter(Boolean)
  expect(admitted).toHaveLength(limit.burst)
})

describe('looking at a bucket', () => {
  test('charges nothing, and shows what a request would find', () => {
    fc.assert(
      fc.property(
        fc.record({
          ratePerMinute: fc.integer({ min: 1, max: 1e9 }),
          burst: fc.integer({ min: 1, max: 1000 })
        }),
        fc.array(fc.nat(5_000_000), { maxLength: 30 }),
        (some, pauses) => {
          let nowUs = 0
          const limiter = new MemoryLimiter('test', () => nowUs)
          for (const pause of pauses) {
            nowUs += pause
            const before = limiter.peek('a', some)
            expect(limiter.peek('a', some)).toEqual(before)
            const { allowed, remaining } = limiter.take('a', some)
            expect(before.remaining).toBe(allowed ? remaining + 1 : 0)
          }
        }
      )
    )
  })

  test('shows a limit that was lowered since then as used up', () => {
    const limiter = new MemoryLimiter('test', () => 0)
    for (let call = 0; call < 50; call++) limiter.take('a', { ratePerMinute: 60, burst: 50 })
    expect(limiter.peek('a', limit)).toEqual({ remaining: 0, resetUs: 2_000_000 })
  })

  test('finds those in use in the order of their keys, page by page, until they are full again', () => {
    let nowUs = 0
    const limiter = new MemoryLimiter('test', () => nowUs)
    const keys = ['d', 'a', 'c', 'e', 'b']
    for (const key of keys) limiter.take(key, limit)
    expect(limiter.inUse('', 3)).toEqual(['a', 'b', 'c'])
    expect(limiter.inUse('c', 3)).toEqual(['d', 'e'])
    nowUs = 1_000_000
    expect(limiter.inUse('', 3)).toEqual([])
  })
})
