/**
 * `npm run bench:callers`: what it costs to know who calls, with 100,000 tenants and 300,000 keys, how soon a change of
 * them is in effect, and whether a refusal's time tells something. bench/README.md says how. Flags: --tenants N,
 * --rounds N, --changes N, --samples N, --only PART,…; results are written for the defaults alone.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureAuthentication } from './callers/authentication.ts'
import { measureChanges } from './callers/changes.ts'
import { measureMemory } from './callers/memory.ts'
import type { Part, Size } from './callers/part.ts'
import { makeStores, type Stores } from './callers/stores.ts'
import { measureTiming } from './callers/timing.ts'
import { measureTokens } from './callers/tokens.ts'
import { repositoryPath } from './contenders/contender.ts'
import { type Cores, shareCores } from './cores.ts'
import { diskSyncMs } from './disk-sync.ts'
import { startHarness } from './harness.ts'
import { hardwareFacts } from './machine.ts'
import { killAll } from './owned-processes.ts'
import { writeResults } from './report/results-file.ts'
import { barTable, factTable } from './report/tables.ts'

const defaults = { tenants: '100000', rounds: '5', changes: '10', samples: '100000', only: '' } as const
const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: defaults.tenants },
    rounds: { type: 'string', default: defaults.rounds },
    changes: { type: 'string', default: defaults.changes },
    samples: { type: 'string', default: defaults.samples },
    only: { type: 'string', default: defaults.only }
  }
})
const [tenants, rounds, changes, samples] = [
  Number(values.tenants),
  Number(values.rounds),
  Number(values.changes),
  Number(values.samples)
] as [number, number, number, number]
const size: Size = { tenants, rounds, changes, samples }

/** In the order of the run and of the report. */
const parts: Readonly<Record<string, (stores: Stores, cores: Cores) => Promise<Part>>> = {
  authentication: (_stores, cores) => measureAuthentication(size, cores),
  tokens: (_stores, cores) => measureTokens(size, cores),
  memory: (stores, cores) => measureMemory(size, stores, cores),
  changes: stores => measureChanges(size, stores),
  timing: (_stores, cores) => measureTiming(size, cores)
}

const data = repositoryPath('bench/data')
mkdirSync(data, { recursive: true })
const folder = mkdtempSync(join(data, 'callers-'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => leave(130))

function leave(code: number): never {
  killAll()
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

async function run(): Promise<string> {
  const only = values.only.split(',').filter(Boolean)
  const stranger = only.find(name => !Object.hasOwn(parts, name))
  if (stranger !== undefined) throw new Error(`--only takes ${Object.keys(parts).join(', ')}`)
  const cores = shareCores()
  const syncsMs = diskSyncMs(folder)
  const { upstreamPort } = await startHarness(folder, cores)
  const stores = makeStores(folder, upstreamPort, tenants)
  const found: Part[] = []
  for (const [name, measure] of Object.entries(parts)) {
    if (only.length > 0 && !only.includes(name)) continue
    console.log(`${name}…`)
    found.push(await measure(stores, cores))
  }
  const method =
    `${tenants} tenants with three keys each; medians of ${rounds} interleaved rounds, smallest and largest in ` +
    `brackets. ${new Date().toISOString().slice(0, 10)}.`
  const bars = found.flatMap(part => part.bars)
  return [
    method,
    barTable(bars, 'Of callers it must reach'),
    ...found.map(part => part.text),
    factTable(hardwareFacts(folder, cores, syncsMs), 'The machine of this run')
  ].join('\n\n')
}

try {
  const text = await run()
  console.log(`\n${text}`)
  const isWhole = (Object.keys(defaults) as (keyof typeof defaults)[]).every(
    name => values[name] === defaults[name]
  )
  if (isWhole) writeResults(repositoryPath('bench/RESULTS.md'), text, 'bench:callers')
  leave(0)
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error))
  leave(2)
}
