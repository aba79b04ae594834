import { domainError } from '../contract/error-table.ts'
import { Problem } from '../contract/problem.ts'

/** How many may wait: each is answered after the ones before it. */
const waitingBound = 64
/** How long one may take, in milliseconds, with all it waits for. */
const deadlineMs = 2_000

/** Bounds how many wait for a thread, and how long. */
export class BoundedQueue {
  #waiting = 0

  /** What the thread answers. Throws `overloaded` when too many wait already, `store_timeout`, or what the work throws. */
  async wait<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= waitingBound) throw new Problem('overloaded', { retryAfter: 1 })
    this.#waiting++
    // Counted until the thread has done it, also when nobody waits any more: it comes before all others.
    const working = Promise.resolve()
      .then(work)
      .finally(() => this.#waiting--)
    return await withDeadline(working)
  }
}

/** What comes of the work, if that is in time, `ms`. Throws `store_timeout`, or what the work throws. */
export async function withDeadline<T>(working: Promise<T>, ms = deadlineMs): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(domainError('store_timeout', 'the store has not answered in time')),
    ms
  )
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
