import { setTimeout as delay } from 'node:timers/promises'
import { patienceFor } from '../run/bounds.ts'

/** `withinMs` is a bound on the reference machine: see `patienceFor`. */
export type WaitOptions = { readonly withinMs?: number; readonly everyMs?: number }

/**
 * Asks `probe` again and again until it gives something other than false, null or undefined, and returns that.
 * Throws, with what was waited for and what the probe threw last, once the bound has passed.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  { withinMs = 5000, everyMs = 10 }: WaitOptions = {}
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + patienceFor(withinMs)
  for (;;) {
    let cause: unknown
    try {
      const found = await probe()
      if (found !== false && found !== null && found !== undefined)
        return found as Exclude<T, false | null | undefined>
    } catch (error) {
      cause = error
    }
    if (performance.now() >= end)
      throw new Error(`not within ${patienceFor(withinMs)} ms: ${what}`, { cause })
    await delay(everyMs)
  }
}

/** Resolves as the promise does, or throws once the bound has passed. */
export async function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const boundMs = patienceFor(ms)
  const timer = setTimeout(() => reject(new Error(`not within ${boundMs} ms: ${what}`)), boundMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
