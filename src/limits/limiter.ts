import type { Limit, Verdict } from './gcra.ts'

/** The port to the buckets of one limit. */
export type Limiter = {
  /** The limit's name in headers and problems. */
  readonly name: string
  /** Charges one request to the bucket `key`, unless its limit refuses it. */
  take(key: string, limit: Limit): Verdict
}
