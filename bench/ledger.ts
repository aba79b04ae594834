/**
 * `npm run bench:ledger`: what a ledger of ten million entries costs, and how fast it is searched and checked.
 * bench/README.md says how. Flags: --entries N, --rounds N, --seconds N; results are written for the defaults alone.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contender } from './contenders/contender.ts'
import { repositoryPath } from './contenders/contender.ts'
import { gateway, programFlags, storeFile } from './contenders/gateway.ts'
import { shareCores } from './cores.ts'
import { readFlags } from './flags.ts'
import { startHarness } from './harness.ts'
import { type Filled, fillLedger } from './ledger/generate.ts'
import { type LedgerFigures, ledgerReport, type Verified } from './ledger/report.ts'
import { timeSearches } from './ledger/searches.ts'
import { killAll } from './owned-processes.ts'
import { writeResults } from './report/results-file.ts'
import { playRound, type Sample } from './round.ts'
import { readyAfterMs } from './start-time.ts'

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' }
  }
})
const entries = Number(values.entries)
/**
 * So long that hardly anything is compiled any more: compiling does not recur, and in two seconds the gateway with its
 * ledger answers half as many calls as the one without, and has more to compile, on two threads.
 */
const warmUpSeconds = 8
const flags = { ...readFlags(['--rounds', values.rounds, '--seconds', values.seconds]), warmUpSeconds }

const data = repositoryPath('bench/data')
mkdirSync(data, { recursive: true })
const folder = mkdtempSync(join(data, 'ledger-'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => leave(130))

function leave(code: number): never {
  killAll()
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

/** A gateway over a store that it does not make itself, or with flags of its own. */
function variant(
  name: string,
  title: string,
  change: { store?: string; nodeFlags?: readonly string[] }
): Contender {
  return {
    ...gateway,
    name,
    title,
    launch(place) {
      const launch = gateway.launch({ ...place, gatewayNodeFlags: change.nodeFlags ?? [] })
      if (!launch || !change.store) return launch
      return { ...launch, env: { ...launch.env, GATEWAY_STORE_URL: `sqlite:${change.store}` } }
    },
    check: () => {}
  }
}

async function filled(store: string, count: number): Promise<Filled> {
  const begun = performance.now()
  const result = await fillLedger(`sqlite:${store}`, count, done => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} entries…`)
  })
  console.log(`${result.entries} entries made in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  return result
}

function verified(store: string): Verified {
  const words = [...programFlags, repositoryPath('bench/ledger/verify-alone.ts'), `sqlite:${store}`]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Verified
}

async function run(): Promise<LedgerFigures> {
  const cores = shareCores()
  const harness = await startHarness(folder, cores)
  const prepared = join(folder, 'prepared')
  gateway.prepare?.(prepared, harness)
  const [small, large] = ['small', 'large'].map(name => {
    cpSync(prepared, join(folder, name), { recursive: true })
    return storeFile(join(folder, name))
  }) as [string, string]
  await filled(small, Math.ceil(entries / 10))
  const about = await filled(large, entries)

  const searches = timeSearches(`sqlite:${large}`, about)
  const checks = [verified(small), verified(large)] as const
  const contenders = [
    variant('empty', 'the gateway over an empty ledger', {}),
    variant('large', `the gateway over ${about.entries} entries`, { store: large }),
    variant('none', 'the gateway without its ledger', {
      nodeFlags: ['--import', repositoryPath('bench/ledger/without-ledger.ts')]
    })
  ]
  const startsMs: number[] = []
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1; round <= flags.rounds; round++) {
    for (const contender of contenders) {
      const sample = await playRound(
        contender,
        join(folder, `round-${round}-${contender.name}`),
        harness,
        cores,
        flags
      )
      samples.get(contender.name)?.push(sample)
      console.log(
        `round ${round}  ${contender.title}: ${sample.requestsPerSecond.toFixed(0)}/s, ${sample.cpuMicrosPerRequest.toFixed(1)} µs`
      )
    }
    const large = contenders[1] as Contender
    startsMs.push(await readyAfterMs(large, join(folder, `start-${round}`), harness, cores))
  }
  return { entries: about.entries, searches, checks, startsMs, samples }
}

try {
  const text = ledgerReport(await run(), flags)
  console.log(`\n${text}`)
  if (entries === 10_000_000) writeResults(repositoryPath('bench/RESULTS.md'), text, 'bench:ledger')
  leave(0)
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error))
  leave(2)
}
