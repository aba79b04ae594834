/**
 * `npm run bench`: this gateway and its peers, side by side in one run. The order of this file is the order
 * of the run; bench/README.md says what is measured and why so.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { playAll } from './all-rounds.ts'
import { selectContenders } from './contenders/all.ts'
import { type Contender, repositoryPath } from './contenders/contender.ts'
import { gateway } from './contenders/gateway.ts'
import { shareCores } from './cores.ts'
import { type Flags, readFlags } from './flags.ts'
import { startHarness } from './harness.ts'
import { machineFacts } from './machine.ts'
import { killAll } from './owned-processes.ts'
import { installPeers } from './peers-installed.ts'
import { profileGateway } from './profile/profile.ts'
import { barsOf } from './report/bars.ts'
import { writeResults } from './report/results-file.ts'
import { reportText } from './report/tables.ts'
import { median } from './statistics.ts'

/** Runs the bench and gives its exit code: 0, or 1 when anything failed and so was not measured. */
async function run(flags: Flags, folder: string): Promise<number> {
  const { contenders, skipped } = present(selectContenders(flags.only))
  for (const remark of skipped) console.log(remark)
  const cores = shareCores()
  const harness = await startHarness(folder, cores)
  if (flags.isProfile) {
    console.log(await profileGateway(join(folder, 'profiled'), harness, cores, flags))
    console.log(`\nFlame graphs: ${repositoryPath('bench/data/profile')}`)
    return 0
  }
  for (const contender of contenders) contender.prepare?.(join(folder, `${contender.name}-prepared`), harness)

  const { samples, syncsMs, readyMs, refusals, failures } = await playAll({
    contenders,
    folder,
    harness,
    cores,
    flags
  })

  const text = reportText({
    contenders,
    samples,
    refusals,
    rates: flags.rates,
    bars: barsOf({ samples, syncMs: median(syncsMs), readyMs, refusals }),
    facts: machineFacts(folder, cores, syncsMs),
    method: method(flags),
    remarks: [...skipped, ...failures]
  })
  console.log(`\n${text}`)
  const isAsShipped = contenders.includes(gateway) && flags.gatewayNodeFlags.length === 0
  const isWhole = !flags.isQuick && flags.only.length === 0 && isAsShipped
  if (isWhole) writeResults(repositoryPath('bench/RESULTS.md'), text)
  return failures.length === 0 ? 0 : 1
}

/** Those who can run here, and a line for each of the others. */
function present(selected: readonly Contender[]): { contenders: Contender[]; skipped: string[] } {
  const skipped: string[] = []
  const contenders = selected.filter(({ title, whyMissing }) => {
    const reason = whyMissing()
    if (reason !== null) skipped.push(`${title}: skipped, ${reason}`)
    return reason === null
  })
  return { contenders, skipped }
}

function method({ rounds, seconds, connections, rates, seed }: Flags): string {
  return (
    `${rounds} interleaved rounds in shuffled order (seed ${seed}), a fresh process per contender and round; ` +
    `${seconds} s at ${connections} connections in a closed loop, then ${seconds} s at each of ` +
    `${rates.join(', ')} requests/s in an open loop. ${new Date().toISOString().slice(0, 10)}.`
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
  leave(folder, await run(flags, folder))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  leave(folder, 2)
}
