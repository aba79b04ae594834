import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, type Launch, type Place, passedOnKey } from './contenders/contender.ts'
import { type Cores, coreBusyMicros } from './cores.ts'
import type { Flags } from './flags.ts'
import { freePort } from './free-port.ts'
import type { Harness } from './harness.ts'
import type { Target } from './load/connection.ts'
import { startOwned, stopOwned } from './owned-processes.ts'
import { cpuMicros, peakRssBytes, threadMicros } from './process-tree.ts'
import { waitUntilServing } from './readiness.ts'

/** What one contender showed at one constant rate. */
export interface SteadySample {
  readonly cpuMicrosPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly generatorLatenessP99Ms: number
}

/** What one contender showed in one round. */
export interface Sample {
  /** All that were answered, in all phases. */
  readonly calls: number
  readonly requestsPerSecond: number
  readonly cpuMicrosPerRequest: number
  /** The part of that which each group of threads took, by the group's name. */
  readonly threadMicrosPerRequest: Readonly<Record<string, number>>
  /** By requests per second. */
  readonly steady: ReadonlyMap<number, SteadySample>
  readonly peakRssBytes: number
  /** The part of its core that the server used at full load: well below 1 means that something else held it up. */
  readonly ownShare: number
  /** The part of that core that others used meanwhile: noise. */
  readonly othersShare: number
}

// Lets a server finish what it does behind its answers (logs, checkpoints) before latencies are taken.
const settleMs = 300

interface Server {
  readonly pid: number
  readonly child: ChildProcess | null
  readonly target: Target
}

async function measure(server: Server, harness: Harness, cores: Cores, flags: Flags): Promise<Sample> {
  const { target, pid } = server
  const { connections, seconds, warmUpSeconds, rates } = flags
  const warmUp = await harness.load({ target, connections, seconds: warmUpSeconds, perSecond: null })
  const busyBefore = cores.server === null ? 0 : coreBusyMicros(cores.server)
  const cpuBefore = cpuMicros(pid)
  const threadsBefore = threadMicros(pid)
  const full = await harness.load({ target, connections, seconds, perSecond: null })
  const cpu = cpuMicros(pid) - cpuBefore
  const threads = threadMicros(pid)
  const busy = cores.server === null ? 0 : coreBusyMicros(cores.server) - busyBefore
  let calls = warmUp.requests + full.requests
  const steady = new Map<number, SteadySample>()
  for (const perSecond of rates) {
    await sleep(settleMs)
    const steadyBefore = cpuMicros(pid)
    const result = await harness.load({ target, connections, seconds, perSecond })
    calls += result.requests
    steady.set(perSecond, {
      cpuMicrosPerRequest: (cpuMicros(pid) - steadyBefore) / result.requests,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      generatorLatenessP99Ms: result.latenessP99Ms
    })
  }
  const wallMicros = (full.requests / full.perSecond) * 1e6
  return {
    calls,
    requestsPerSecond: full.perSecond,
    cpuMicrosPerRequest: cpu / full.requests,
    threadMicrosPerRequest: Object.fromEntries(
      Object.entries(threads).map(([name, micros]) => [
        name,
        (micros - (threadsBefore[name] ?? 0)) / full.requests
      ])
    ),
    steady,
    peakRssBytes: peakRssBytes(pid),
    ownShare: cpu / wallMicros,
    // The upstream itself does not run on the server's core.
    othersShare: server.child === null ? busy / wallMicros : Math.max(0, (busy - cpu) / wallMicros)
  }
}

function start(launch: Launch | null, place: Place, harness: Harness, cores: Cores): Server {
  if (launch === null) {
    const target = { port: harness.upstreamPort, credential: passedOnKey }
    return { pid: harness.upstreamPid, child: null, target }
  }
  const child = startOwned({
    command: launch.command,
    env: { NODE_ENV: 'production', ...launch.env },
    cores: cores.server === null ? null : String(cores.server),
    output: join(place.folder, 'output.log')
  })
  return {
    pid: child.pid as number,
    child,
    target: { port: place.port, credential: launch.credential, prefix: launch.prefix }
  }
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n').slice(-1500)
  } catch {
    return ''
  }
}

/** Starts the contender afresh, measures it and ends it. Throws when a single answer was wrong. */
export async function playRound(
  contender: Contender,
  folder: string,
  harness: Harness,
  cores: Cores,
  flags: Flags
): Promise<Sample> {
  mkdirSync(folder)
  const { upstreamPort } = harness
  const { gatewayNodeFlags } = flags
  const place = {
    folder,
    port: await freePort(),
    adminPort: await freePort(),
    upstreamPort,
    gatewayNodeFlags
  }
  const server = start(contender.launch(place), place, harness, cores)
  try {
    await waitUntilServing(server.target, server.child)
    const sample = await measure(server, harness, cores, flags)
    if (server.child !== null) await stopOwned(server.child)
    contender.check?.(folder, sample.calls)
    return sample
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}\n${lastLines(join(folder, 'output.log'))}`.trim())
  } finally {
    if (server.child !== null) await stopOwned(server.child)
    rmSync(folder, { recursive: true, force: true })
  }
}
