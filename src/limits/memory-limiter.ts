import { judge, type Limit, type Verdict } from './gcra.ts'

/** One bucket that a request is charged to. `name` is shown to callers, `key` tells buckets apart. */
export type Charge = { readonly name: string; readonly key: string; readonly limit: Limit }

/** The verdict on all charges together: the first that refuses, or the tightest of those that admit. */
export type Decision = Verdict & { readonly charge: Charge }

/** Buckets are forgotten past this many, the longest unused first: made-up addresses cost no memory without end. */
const bucketsBound = 200_000
const sweepEvery = 4096

/** Limits of one process, in memory. */
export class MemoryLimiter {
  readonly #tats = new Map<string, number>()
  readonly #nowUs: () => number
  #untilSweep = sweepEvery

  /** `nowUs` gives whole microseconds of a clock that never steps back. */
  constructor(nowUs: () => number = () => Math.floor(performance.now() * 1000)) {
    this.#nowUs = nowUs
  }

  /** Checks all charges, then takes all of them, or none when one refuses. */
  take(charges: readonly [Charge, ...Charge[]]): Decision {
    const nowUs = this.#nowUs()
    const decisions = charges.map(charge => ({
      charge,
      ...judge(charge.limit, this.#tats.get(charge.key) ?? 0, nowUs)
    }))
    const tightest = decisions.reduce((a, b) => (stricter(b, a) ? b : a))
    if (tightest.allowed) for (const { charge, tat } of decisions) this.#store(charge.key, tat, nowUs)
    return tightest
  }

  #store(key: string, tat: number, nowUs: number): void {
    this.#tats.delete(key)
    this.#tats.set(key, tat)
    if (--this.#untilSweep <= 0 || this.#tats.size > bucketsBound) this.#sweep(nowUs)
  }

  /** A bucket that is full again is the same as one never used. */
  #sweep(nowUs: number): void {
    this.#untilSweep = sweepEvery
    for (const [key, tat] of this.#tats) if (tat <= nowUs) this.#tats.delete(key)
    for (const key of this.#tats.keys()) {
      if (this.#tats.size <= bucketsBound) break
      this.#tats.delete(key)
    }
  }
}

function stricter(a: Verdict, b: Verdict): boolean {
  if (a.allowed !== b.allowed) return !a.allowed
  return a.allowed ? a.remaining < b.remaining : a.retryAfterUs > b.retryAfterUs
}
