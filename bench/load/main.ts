/**
 * The load generator: one process for the whole run, so that its own code is compiled and warm in every
 * round. It takes one phase at a time over IPC and answers with its result.
 */
import { percentile } from '../statistics.ts'
import { closedLoop } from './closed-loop.ts'
import type { Faults, Target } from './connection.ts'
import { openLoop } from './open-loop.ts'

export interface Phase {
  readonly target: Target
  readonly connections: number
  readonly seconds: number
  /** Requests per second of an open loop; null for a closed one. */
  readonly perSecond: number | null
}

export interface PhaseResult {
  readonly faults: Faults
  readonly requests: number
  readonly perSecond: number
  /** Only of an open loop. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly latenessP99Ms: number
}

async function run({ target, connections, seconds, perSecond }: Phase): Promise<PhaseResult> {
  if (perSecond === null) {
    const { faults, requests, seconds: took } = await closedLoop(target, connections, seconds)
    const none = Number.NaN
    return { faults, requests, perSecond: requests / took, p50Ms: none, p99Ms: none, latenessP99Ms: none }
  }
  const { faults, latenciesMs, latenessMs } = await openLoop(target, connections, seconds, perSecond)
  return {
    faults,
    requests: latenciesMs.length,
    perSecond,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    latenessP99Ms: percentile(latenessMs, 0.99)
  }
}

process.on('message', async (phase: Phase) => {
  try {
    process.send?.({ result: await run(phase) })
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) })
  }
})
process.on('disconnect', () => process.exit(0))
