/**
 * A thread that tells its parent when requests fall due. Timers of the event loop count whole milliseconds,
 * too coarse for latencies of a tenth of that, and a busy loop would take the core from the upstream; a timed
 * wait on a shared cell does neither.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { monotonicMs } from './clock.ts'

interface Pace {
  /** When the first request is due. */
  readonly startAtMs: number
  readonly everyMs: number
  readonly count: number
  /** Stopped when cell 0 turns 1. */
  readonly cell: Int32Array
}

const { startAtMs, everyMs, count, cell } = workerData as Pace
let told = 0
while (told < count && Atomics.load(cell, 0) === 0) {
  const due = Math.min(count, Math.floor((monotonicMs() - startAtMs) / everyMs) + 1)
  if (due > told) {
    parentPort?.postMessage(due)
    told = due
  }
  const waitMs = startAtMs + told * everyMs - monotonicMs()
  if (waitMs > 0) Atomics.wait(cell, 0, 0, waitMs)
}
