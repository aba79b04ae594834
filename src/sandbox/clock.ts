import { hrtime } from 'node:process'

/** Time as the sandbox sees it. Injected, so that a test moves it by hand instead of sleeping. */
export type SandboxClock = {
  /** Wall-clock time in milliseconds since 1970. */
  nowMs(): number
  /** Nanoseconds that never go back. On Linux two processes of one machine read the same counter. */
  monotonicNs(): bigint
  /** Calls once after `waitMs`; the answer cancels it. */
  after(waitMs: number, call: () => void): () => void
}

/** The machine's own time. */
export const systemClock: SandboxClock = {
  nowMs: () => Date.now(),
  monotonicNs: () => hrtime.bigint(),
  after(waitMs, call) {
    const timer = setTimeout(call, waitMs)
    return () => clearTimeout(timer)
  }
}
