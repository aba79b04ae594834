import { join } from 'node:path'
import type { Contender } from './contenders/contender.ts'
import { gateway } from './contenders/gateway.ts'
import type { Cores } from './cores.ts'
import { diskSyncMs } from './disk-sync.ts'
import type { RequestName } from './fixture.ts'
import type { Flags } from './flags.ts'
import type { Harness } from './harness.ts'
import { playRefusals, prepareRefusals } from './refusals.ts'
import type { RefusalSample, Refusals } from './report/refusals.ts'
import type { Samples } from './report/series.ts'
import { playRound, type Sample } from './round.ts'
import { seededRandom, shuffle } from './shuffle.ts'
import { startTimeMs } from './start-time.ts'

export interface Played {
  readonly samples: Samples
  /** Of the disk, in each round. */
  readonly syncsMs: readonly number[]
  /** The gateway's start with many tenants, once a round. */
  readonly readyMs: readonly number[]
  readonly refusals: Refusals
  /** One line for each thing that failed. */
  readonly failures: readonly string[]
}

interface Stage {
  readonly contenders: readonly Contender[]
  readonly folder: string
  readonly harness: Harness
  readonly cores: Cores
  readonly flags: Flags
}

function progress(sample: Sample): string {
  const { requestsPerSecond, cpuMicrosPerRequest, steady, peakRssBytes, othersShare } = sample
  const p50s = [...steady.values()].map(({ p50Ms }) => p50Ms.toFixed(3)).join('/')
  const cpus = [...steady.values()].map(each => each.cpuMicrosPerRequest.toFixed(0)).join('/')
  return [
    `${requestsPerSecond.toFixed(0).padStart(6)}/s`,
    `${cpuMicrosPerRequest.toFixed(1).padStart(6)} µs`,
    `steady: p50 ${p50s} ms, ${cpus} µs`,
    `${(peakRssBytes / 1e6).toFixed(0).padStart(4)} MB`,
    `others ${(othersShare * 100).toFixed(0)} %`
  ].join('  ')
}

/** Plays all rounds, each contender once in every round, and goes on when one of them fails. */
export async function playAll({ contenders, folder, harness, cores, flags }: Stage): Promise<Played> {
  const random = seededRandom(flags.seed)
  const samples = new Map<string, (Sample | null)[]>(contenders.map(({ name }) => [name, []]))
  const syncsMs: number[] = []
  const readyMs: number[] = []
  const refusals = new Map<RequestName, RefusalSample[]>()
  const failures: string[] = []

  async function attempt<Result>(label: string, measure: () => Promise<Result>): Promise<Result | null> {
    try {
      return await measure()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      console.log(`${label} failed: ${reason}`)
      failures.push(`${label} failed and does not count: ${reason.split('\n')[0]}`)
      return null
    }
  }

  const refusalStore = contenders.includes(gateway)
    ? prepareRefusals(join(folder, 'refusals'), harness)
    : null
  for (let round = 1; round <= flags.rounds; round++) {
    syncsMs.push(...diskSyncMs(folder))
    for (const contender of shuffle(contenders, random)) {
      const label = `round ${round}  ${contender.title.padEnd(24)}`
      const roundFolder = join(folder, `${contender.name}-${round}`)
      const sample = await attempt(label, () => playRound(contender, roundFolder, harness, cores, flags))
      samples.get(contender.name)?.push(sample)
      if (sample !== null) console.log(`${label} ${progress(sample)}`)
    }
    if (refusalStore === null) continue
    const refused = await attempt(`round ${round}  refusals`, () =>
      playRefusals(refusalStore, join(folder, `refusals-${round}`), harness, cores, flags)
    )
    for (const [name, sample] of refused ?? []) {
      refusals.set(name, [...(refusals.get(name) ?? []), sample])
      console.log(`round ${round}  ${name.padEnd(24)} ${sample.requestsPerSecond.toFixed(0).padStart(6)}/s`)
    }
    const label = `round ${round}  start with many tenants `
    const took = await attempt(label, () =>
      startTimeMs(join(folder, `start-${round}`), harness, cores, flags)
    )
    if (took === null) continue
    readyMs.push(took)
    console.log(`${label} ${took.toFixed(0).padStart(6)} ms`)
  }
  return { samples, syncsMs, readyMs, refusals, failures }
}
