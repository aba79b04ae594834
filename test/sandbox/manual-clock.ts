import type { SandboxClock } from '../../src/sandbox/clock.ts'

/** A clock that stands still until it is moved. */
export type ManualClock = SandboxClock & {
  /** Moves on and calls what has become due, in order. */
  advance(ms: number): void
  /** How many calls are waiting for their time. */
  readonly waiting: number
}

export function manualClock(startMs = Date.UTC(2026, 5, 1)): ManualClock {
  let nowMs = startMs
  const due = new Set<{ atMs: number; call: () => void }>()
  return {
    nowMs: () => nowMs,
    monotonicNs: () => BigInt(nowMs - startMs) * 1_000_000n,
    after(waitMs, call) {
      const entry = { atMs: nowMs + waitMs, call }
      due.add(entry)
      return () => due.delete(entry)
    },
    advance(ms) {
      nowMs += ms
      for (const entry of [...due].sort((a, b) => a.atMs - b.atMs)) {
        if (entry.atMs <= nowMs && due.delete(entry)) entry.call()
      }
    },
    get waiting() {
      return due.size
    }
  }
}
