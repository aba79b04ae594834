import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judge, type Limit, wholeSeconds } from '../../src/limits/gcra.ts'

const limits = fc.record({
  ratePerMinute: fc.integer({ min: 1, max: 100_000 }),
  burst: fc.integer({ min: 1, max: 50 })
})
const pausesUs = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000_000 })), {
  minLength: 1,
  maxLength: 200
})

/** A limit kept the slow way: the level of a bucket that leaks steadily, in exact integers. */
function leakyBucket({ ratePerMinute, burst }: Limit) {
  const intervalUs = BigInt(Math.ceil(60_000_000 / ratePerMinute))
  let level = 0n
  let lastUs = 0n
  return {
    /** Whether one more fits now; if so it is taken. */
    take(nowUs: number): boolean {
      const drained = BigInt(nowUs) - lastUs
      level = level > drained ? level - drained : 0n
      lastUs = BigInt(nowUs)
      if (level + intervalUs > intervalUs * BigInt(burst)) return false
      level += intervalUs
      return true
    }
  }
}

/** Asks at each time in turn; the verdicts. */
function judgeAll(limit: Limit, pauses: readonly number[]) {
  let nowUs = 1_000_000
  let tat = 0
  return pauses.map(pause => {
    nowUs += pause
    const verdict = judge(limit, tat, nowUs)
    tat = verdict.tat
    return { ...verdict, nowUs }
  })
}

test('GCRA decides exactly as a leaky bucket in plain arithmetic', () => {
  fc.assert(
    fc.property(limits, pausesUs, (limit, pauses) => {
      const bucket = leakyBucket(limit)
      for (const { allowed, nowUs } of judgeAll(limit, pauses)) expect(allowed).toBe(bucket.take(nowUs))
    })
  )
})

test('GCRA admits at most burst + T × rate in any window of length T', () => {
  fc.assert(
    fc.property(limits, pausesUs, (limit, pauses) => {
      const admitted = judgeAll(limit, pauses).filter(({ allowed }) => allowed)
      for (const [first, from] of admitted.entries())
        for (const [last, to] of admitted.entries()) {
          if (last < first) continue
          const windowUs = to.nowUs - from.nowUs
          expect(last - first + 1).toBeLessThanOrEqual(
            limit.burst + (windowUs * limit.ratePerMinute) / 60_000_000
          )
        }
    }),
    { numRuns: 40 }
  )
})

test('a caller that waits the named time, in microseconds or whole seconds, is admitted, and one that waits less is not', () => {
  fc.assert(
    fc.property(limits, pausesUs, (limit, pauses) => {
      for (const { allowed, tat, nowUs, retryAfterUs } of judgeAll(limit, pauses)) {
        if (allowed) continue
        expect(retryAfterUs).toBeGreaterThan(0)
        expect(judge(limit, tat, nowUs + retryAfterUs).allowed).toBe(true)
        expect(judge(limit, tat, nowUs + wholeSeconds(retryAfterUs) * 1_000_000).allowed).toBe(true)
        expect(judge(limit, tat, nowUs + retryAfterUs - 1).allowed).toBe(false)
      }
    })
  )
})

test('the remaining count can be taken at once, and the bucket is full again at its reset', () => {
  fc.assert(
    fc.property(limits, pausesUs, (limit, pauses) => {
      const { tat, nowUs, remaining, resetUs } = judgeAll(limit, pauses).at(-1) as ReturnType<
        typeof judgeAll
      >[0]
      const taken = (from: number, atUs: number) => {
        let count = 0
        for (let next = judge(limit, from, atUs); next.allowed; next = judge(limit, next.tat, atUs)) count++
        return count
      }
      expect(taken(tat, nowUs)).toBe(remaining)
      expect(taken(tat, nowUs + resetUs)).toBe(limit.burst)
    }),
    { numRuns: 60 }
  )
})

test('a refusal changes nothing', () => {
  fc.assert(
    fc.property(limits, pausesUs, (limit, pauses) => {
      const verdicts = judgeAll(limit, pauses)
      for (const [index, { allowed, tat }] of verdicts.entries())
        if (!allowed) expect(tat).toBe(verdicts[index - 1]?.tat)
    })
  )
})

describe('whole seconds', () => {
  test.each([
    [0, 0],
    [1, 1],
    [999_999, 1],
    [1_000_000, 1],
    [1_000_001, 2]
  ])('%i µs are %i', (us, seconds) => {
    expect(wholeSeconds(us)).toBe(seconds)
  })
})
