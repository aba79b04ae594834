import type { Limit, Verdict } from './gcra.ts'

/** The port of what limits requests: one limit's buckets. `MemoryLimiter` is its engine. */
export type Limiter = {
  /** The limit's name in headers and problems. */
  readonly name: string
  /** Charges one request to the bucket `key`, unless its limit refuses it. */
  take(key: string, limit: Limit): Verdict
}
