/** A sustained rate, and how many requests may come at once on top of a steady flow. */
export type Limit = { readonly ratePerMinute: number; readonly burst: number }

/** The verdict of one bucket on a request; times in whole microseconds. */
export type Verdict = {
  allowed: boolean
  /** The bucket's new theoretical arrival time, to be stored also after a refusal. */
  tat: number
  /** How many further requests would be admitted now. */
  remaining: number
  /** From now until a request would be admitted: 0 when this one is. */
  retryAfterUs: number
  /** From now until the bucket is full again. */
  resetUs: number
}

/**
 * The generic cell rate algorithm: a bucket is one timestamp, its theoretical arrival time (`tat`; 0 for a new bucket). Exact: a
 * window of length T admits at most `burst + T × rate`, as the interval is rounded up to whole microseconds.
 */
export function judge(limit: Limit, tat: number, nowUs: number): Verdict {
  const intervalUs = Math.ceil(60_000_000 / limit.ratePerMinute)
  const toleranceUs = intervalUs * limit.burst
  const due = dueBy(limit, tat, nowUs)
  const charged = Math.max(due, nowUs) + intervalUs
  const retryAfterUs = Math.max(0, charged - toleranceUs - nowUs)
  if (retryAfterUs > 0)
    return { allowed: false, tat: due, remaining: 0, retryAfterUs, resetUs: Math.max(0, due - nowUs) }
  return {
    allowed: true,
    tat: charged,
    remaining: Math.floor((nowUs + toleranceUs - charged) / intervalUs),
    retryAfterUs: 0,
    resetUs: charged - nowUs
  }
}

/** At most an empty bucket: one used up under a slower limit would wait many times as long as the current limit requires. */
function dueBy({ ratePerMinute, burst }: Limit, tat: number, nowUs: number): number {
  return Math.min(tat, nowUs + Math.ceil(60_000_000 / ratePerMinute) * burst)
}

/** The state of a bucket, without a charge. */
export function peek(limit: Limit, tat: number, nowUs: number): Pick<Verdict, 'remaining' | 'resetUs'> {
  const intervalUs = Math.ceil(60_000_000 / limit.ratePerMinute)
  const resetUs = Math.max(0, dueBy(limit, tat, nowUs) - nowUs)
  return { remaining: Math.max(0, Math.floor((intervalUs * limit.burst - resetUs) / intervalUs)), resetUs }
}

/** Rounds up: after this wait the same limit does not refuse. */
export function wholeSeconds(microseconds: number): number {
  return Math.ceil(microseconds / 1_000_000)
}
