import { BoundedMap } from '../base/bounded-map.ts'
import { judge, type Limit, peek, type Verdict } from './gcra.ts'
import type { Limiter } from './limiter.ts'

/** Beyond it the least recently used go, so that forged addresses do not exhaust memory. */
const bucketsBound = 200_000
const sweepEvery = 4096

/** Microseconds of a clock that never steps back. */
export const monotonicUs = (): number => Math.floor(performance.now() * 1000)

/** Buckets in the memory of this process. */
export class MemoryLimiter implements Limiter {
  readonly name: string
  readonly #tats = new BoundedMap<string, number>(bucketsBound)
  readonly #nowUs: () => number
  #untilSweep = sweepEvery

  constructor(name: string, nowUs = monotonicUs) {
    this.name = name
    this.#nowUs = nowUs
  }

  take(key: string, limit: Limit): Verdict {
    const nowUs = this.#nowUs()
    const tat = this.#tats.get(key) ?? 0
    const verdict = judge(limit, tat, nowUs)
    if (verdict.tat === tat) return verdict
    this.#tats.set(key, verdict.tat)
    if (--this.#untilSweep <= 0) this.#sweep(nowUs)
    return verdict
  }

  /** Charges nothing. */
  peek(key: string, limit: Limit): Pick<Verdict, 'remaining' | 'resetUs'> {
    return peek(limit, this.#tats.get(key) ?? 0, this.#nowUs())
  }

  /** The first `count` keys behind `after`, in order, whose buckets are not full now. Charges nothing. */
  inUse(after: string, count: number): string[] {
    const nowUs = this.#nowUs()
    const first: string[] = []
    for (const [key, tat] of this.#tats) {
      if (tat <= nowUs || key <= after) continue
      if (first.length === count && key >= (first.at(-1) ?? '')) continue
      // Never sorts all of many thousand buckets.
      const position = first.findIndex(other => other > key)
      first.splice(position === -1 ? first.length : position, 0, key)
      if (first.length > count) first.pop()
    }
    return first
  }

  /** A bucket that is full again is the same as one never used. */
  #sweep(nowUs: number): void {
    this.#untilSweep = sweepEvery
    for (const [key, tat] of this.#tats) if (tat <= nowUs) this.#tats.delete(key)
  }
}
