import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from '../contenders/contender.ts'
import { gateway, gatewayEnvironment } from '../contenders/gateway.ts'
import { freePort } from '../free-port.ts'
import { startOwned, stopOwned } from '../owned-processes.ts'
import { untilReady } from '../start-time.ts'

/** A gateway in a process of its own, ready, over a store that is there already. */
export type RunningGateway = {
  readonly pid: number
  readonly place: Place
  /** From the start of its process until it was ready. */
  readonly readyMs: number
  /** With what commands over its store are run. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** A start with very many tenants takes seconds, and longer where others use the machine too. */
const limitMs = 60_000

/** Starts one over the store in the file `store`; `folder` is new, for what else it writes. */
export async function runGateway(
  folder: string,
  { store, cores, upstreamPort }: { store: string; cores: string | null; upstreamPort: number }
): Promise<RunningGateway> {
  mkdirSync(folder)
  const [port, adminPort] = [await freePort(), await freePort()]
  const place: Place = { folder, port, adminPort, upstreamPort, gatewayNodeFlags: [] }
  const launch = gateway.launch(place)
  if (launch === null) throw new Error('the gateway has nothing to start')
  const env = { ...gatewayEnvironment(place), GATEWAY_STORE_URL: `sqlite:${store}` }
  const begunMs = performance.now()
  const child = startOwned({
    command: launch.command,
    env: { NODE_ENV: 'production', ...env },
    cores,
    output: join(folder, 'output.log')
  })
  const readyMs = await untilReady(port, begunMs, limitMs)
  return { pid: child.pid as number, place, readyMs, env, stop: () => stopOwned(child) }
}
