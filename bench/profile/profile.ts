/**
 * `npm run bench -- --profile`: where the time and the garbage of a call come from, by stage, and a flame graph of each thread.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { repositoryPath } from '../contenders/contender.ts'
import { gateway, gatewayCommand } from '../contenders/gateway.ts'
import type { Cores } from '../cores.ts'
import type { Flags } from '../flags.ts'
import { freePort } from '../free-port.ts'
import type { Harness } from '../harness.ts'
import { startOwned, stopOwned } from '../owned-processes.ts'
import { threadMicros } from '../process-tree.ts'
import { waitUntilServing } from '../readiness.ts'
import { table } from '../report/tables.ts'
import { readCpuProfile, readHeapProfile } from './read-profiles.ts'
import { byStage } from './stages.ts'

const writeLimitMs = 30_000
/** Until the samplers of all threads run. */
const startMs = 500

/** Profiles the gateway at full load and gives the table of stages; flame graphs go to `bench/data/profile`. */
export async function profileGateway(
  folder: string,
  harness: Harness,
  cores: Cores,
  { connections, seconds, warmUpSeconds, gatewayNodeFlags }: Flags
): Promise<string> {
  const profiles = repositoryPath('bench/data/profile')
  rmSync(profiles, { recursive: true, force: true })
  mkdirSync(profiles)
  mkdirSync(folder)
  const port = await freePort()
  const place = {
    folder,
    port,
    adminPort: await freePort(),
    upstreamPort: harness.upstreamPort,
    gatewayNodeFlags
  }
  gateway.prepare?.(join(folder, 'prepared'), harness)
  const launch = gateway.launch(place)
  if (launch === null) throw new Error('the gateway has nothing to start')
  const child = startOwned({
    command: gatewayCommand(gatewayNodeFlags, 'serve'),
    env: {
      NODE_ENV: 'production',
      ...launch.env,
      // By the environment: a worker thread has flags of its own.
      NODE_OPTIONS: `--import=${repositoryPath('bench/profile/sampler.ts')}`,
      BENCH_PROFILE_FOLDER: profiles
    },
    cores: cores.server === null ? null : String(cores.server),
    output: join(folder, 'output.log')
  })
  try {
    const target = { port, credential: launch.credential }
    await waitUntilServing(target, child)
    await harness.load({ target, connections, seconds: warmUpSeconds * 4, perSecond: null })
    child.kill('SIGUSR2')
    await sleep(startMs)
    const before = threadMicros(child.pid as number)
    const { requests } = await harness.load({ target, connections, seconds, perSecond: null })
    const after = threadMicros(child.pid as number)
    child.kill('SIGUSR2')
    const threads = await written(profiles)
    for (const thread of threads) draw(profiles, thread)
    const used = (group: string): number => (after[group] ?? 0) - (before[group] ?? 0)
    const micros = threads.map(thread => used(thread === 'main' ? 'main' : 'WorkerThread'))
    return stageTable(profiles, threads, micros, requests)
  } finally {
    await stopOwned(child)
  }
}

/** The threads whose profiles are whole: the main one and the store's. */
async function written(folder: string): Promise<string[]> {
  const giveUpAt = performance.now() + writeLimitMs
  for (;;) {
    const done = readdirSync(folder).filter(name => name.endsWith('.done'))
    if (done.length >= 2) return done.map(name => name.slice(0, -'.done'.length)).sort()
    if (performance.now() > giveUpAt) throw new Error(`only ${done.join(', ')} wrote a profile`)
    await sleep(100)
  }
}

/** A page with the flame graph, which needs no network. */
function draw(folder: string, thread: string): void {
  const cpupro = repositoryPath('bench/node_modules/.bin/cpupro')
  const args = [join(folder, `${thread}.cpuprofile`), '--no-open', '-o', folder, '-f', `${thread}.html`]
  const { status, stderr } = spawnSync(cpupro, args, { encoding: 'utf8' })
  if (status !== 0 || !existsSync(join(folder, `${thread}.html`))) throw new Error(`cpupro: ${stderr}`)
}

/**
 * The figures of each thread. A sampler counts the time of the wall, also while the thread waits for its core: its shares are
 * applied to the CPU that the thread used.
 */
function stageTable(
  folder: string,
  threads: readonly string[],
  micros: readonly number[],
  calls: number
): string {
  const cpu = threads.map((thread, index) => {
    const sums = byStage(readCpuProfile(join(folder, `${thread}.cpuprofile`)))
    sums.delete('idle')
    return scaled(sums, (micros[index] ?? 0) / total(sums) / calls)
  })
  const heap = threads.map(thread =>
    scaled(byStage(readHeapProfile(join(folder, `${thread}.heapprofile`))), 1 / calls)
  )
  const names = [...new Set([...cpu, ...heap].flatMap(sums => [...sums.keys()]))]
  const row = (title: string, of: (sums: ReadonlyMap<string, number>) => number): string[] => [
    title,
    ...cpu.map(sums => of(sums).toFixed(1)),
    ...heap.map(sums => of(sums).toFixed(0))
  ]
  const head = ['stage', ...threads.map(name => `${name}, µs`), ...threads.map(name => `${name}, bytes`)]
  return table(head, [...names.map(name => row(name, sums => sums.get(name) ?? 0)), row('together', total)])
}

function total(sums: ReadonlyMap<string, number>): number {
  return [...sums.values()].reduce((sum, each) => sum + each, 0)
}

function scaled(sums: ReadonlyMap<string, number>, factor: number): Map<string, number> {
  return new Map([...sums].map(([name, value]) => [name, value * factor]))
}
