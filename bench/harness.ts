import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { repositoryPath } from './contenders/contender.ts'
import type { Cores } from './cores.ts'
import { freePort } from './free-port.ts'
import type { Phase, PhaseResult } from './load/main.ts'
import { startOwned } from './owned-processes.ts'

/** What stands around the contenders for the whole run: the upstream behind them, the load before them. */
export interface Harness {
  readonly upstreamPid: number
  readonly upstreamPort: number
  /** Runs one phase of load. Throws when any answer was not the right one. */
  load(phase: Phase): Promise<PhaseResult>
}

type Reply = { result: PhaseResult; error?: undefined } | { error: string }

async function runPhase(generator: ChildProcess, phase: Phase): Promise<PhaseResult> {
  const ended = new AbortController()
  const onExit = (): void => ended.abort()
  generator.once('exit', onExit)
  try {
    const reply = once(generator, 'message', { signal: ended.signal })
    generator.send(phase)
    const [answer] = (await reply) as [Reply]
    if (answer.error !== undefined) throw new Error(answer.error)
    const { faults } = answer.result
    if (faults.count > 0) throw new Error(`${faults.count} faults, the first: ${faults.first}`)
    return answer.result
  } finally {
    generator.off('exit', onExit)
  }
}

/** Starts the upstream and the load generator, both away from the core of the server under test. */
export async function startHarness(folder: string, { rest }: Cores): Promise<Harness> {
  const upstreamPort = await freePort()
  const upstream = startOwned({
    command: [process.execPath, repositoryPath('bench/upstream.ts'), String(upstreamPort)],
    cores: rest,
    output: join(folder, 'upstream.log')
  })
  const generator = startOwned({
    command: [process.execPath, repositoryPath('bench/load/main.ts')],
    cores: rest,
    output: join(folder, 'load.log'),
    ipc: true
  })
  return {
    upstreamPid: upstream.pid as number,
    upstreamPort,
    load: phase => runPhase(generator, phase)
  }
}
