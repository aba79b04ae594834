/**
 * `npm run bench`: this gateway and its peers, side by side in one run. The order of this file is the order
 * of the run; bench/README.md says what is measured and why so.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { selectContenders } from './contenders/all.ts'
import { type Contender, repositoryPath } from './contenders/contender.ts'
import { shareCores } from './cores.ts'
import { diskSyncMs } from './disk-sync.ts'
import { type Flags, readFlags } from './flags.ts'
import { startHarness } from './harness.ts'
import { machineFacts } from './machine.ts'
import { killAll } from './owned-processes.ts'
import { installPeers } from './peers-installed.ts'
import { barsOf } from './report/bars.ts'
import { writeResults } from './report/results-file.ts'
import { reportText } from './report/tables.ts'
import { playRound, type Sample } from './round.ts'
import { seededRandom, shuffle } from './shuffle.ts'
import { median } from './statistics.ts'

interface Outcome {
  readonly hasFailed: boolean
}

/** Those who can run here; the others leave a remark. */
function present(contenders: readonly Contender[], remarks: string[]): Contender[] {
  return contenders.filter(({ title, whyMissing }) => {
    const reason = whyMissing()
    if (reason !== null) remarks.push(`${title}: skipped, ${reason}`)
    return reason === null
  })
}

async function run(flags: Flags, folder: string): Promise<Outcome> {
  const remarks: string[] = []
  const contenders = present(selectContenders(flags.only), remarks)
  for (const remark of remarks) console.log(remark)
  const cores = shareCores()
  const harness = await startHarness(folder, cores)
  for (const { name, prepare } of contenders) prepare?.(join(folder, `${name}-prepared`), harness)

  const random = seededRandom(flags.seed)
  const samples = new Map<string, (Sample | null)[]>(contenders.map(({ name }) => [name, []]))
  const syncsMs: number[] = []
  for (let round = 1; round <= flags.rounds; round++) {
    syncsMs.push(...diskSyncMs(folder))
    for (const contender of shuffle(contenders, random)) {
      const sample = await tryRound(contender, round, join(folder, `${contender.name}-${round}`))
      samples.get(contender.name)?.push(sample)
    }
  }

  async function tryRound(contender: Contender, round: number, roundFolder: string): Promise<Sample | null> {
    try {
      const sample = await playRound(contender, roundFolder, harness, cores, flags)
      console.log(progress(round, contender, sample))
      return sample
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      console.log(`round ${round}  ${contender.title}: failed: ${reason}`)
      remarks.push(`${contender.title}: round ${round} failed and does not count: ${reason.split('\n')[0]}`)
      return null
    }
  }

  const bars = barsOf(samples, median(syncsMs), [])
  const facts = machineFacts(folder, cores, syncsMs)
  const text = reportText({ contenders, samples, bars, facts, method: method(flags), remarks })
  console.log(`\n${text}`)
  const isWhole = !flags.isQuick && flags.only.length === 0
  if (isWhole) writeResults(repositoryPath('bench/RESULTS.md'), text)
  return { hasFailed: [...samples.values()].some(rounds => rounds.includes(null)) }
}

function progress(round: number, { title }: Contender, sample: Sample): string {
  const { requestsPerSecond, cpuMicrosPerRequest, p50Ms, p99Ms, othersShare } = sample
  return (
    `round ${round}  ${title.padEnd(24)} ${requestsPerSecond.toFixed(0).padStart(6)}/s ` +
    `${cpuMicrosPerRequest.toFixed(1).padStart(6)} µs  p50 ${p50Ms.toFixed(3)} ms  p99 ${p99Ms.toFixed(3)} ms  ` +
    `others ${(othersShare * 100).toFixed(0)} %`
  )
}

function method({ rounds, seconds, connections, perSecond, seed }: Flags): string {
  return (
    `${rounds} interleaved rounds in shuffled order (seed ${seed}), a fresh process per contender and round; ` +
    `${seconds} s at ${connections} connections in a closed loop, then ${seconds} s at ${perSecond} requests/s ` +
    `in an open loop. ${new Date().toISOString().slice(0, 10)}.`
  )
}

function leave(folder: string, code: number): never {
  killAll()
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

if (!existsSync('/proc/self/stat')) {
  console.error('The bench needs Linux: it reads CPU time and memory from /proc.')
  process.exit(2)
}
const data = repositoryPath('bench/data')
mkdirSync(data, { recursive: true })
// On the repository's disk: the system's folder for temporary files may be memory, where a sync costs nothing.
const folder = mkdtempSync(join(data, 'run-'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => leave(folder, 130))
try {
  const flags = readFlags(process.argv.slice(2))
  installPeers()
  const { hasFailed } = await run(flags, folder)
  leave(folder, hasFailed ? 1 : 0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  leave(folder, 2)
}
