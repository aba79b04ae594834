import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contenders/contender.ts'
import { gateway, storeFile } from './contenders/gateway.ts'
import { addTenants } from './contenders/gateway-store.ts'
import type { Cores } from './cores.ts'
import type { Flags } from './flags.ts'
import { freePort } from './free-port.ts'
import type { Harness } from './harness.ts'
import { startOwned, stopOwned } from './owned-processes.ts'
import { waitUntilServing } from './readiness.ts'

const tenants = 10_000
const limitMs = 15_000
const pollEveryMs = 5

/** Milliseconds until `/readyz` answers 200. Throws after `limitMs`. */
export async function untilReady(port: number, startedAt: number, limitMs: number): Promise<number> {
  while (performance.now() - startedAt < limitMs) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } })
      await answer.text()
      if (answer.status === 200) return performance.now() - startedAt
    } catch {
      // Not listening yet.
    }
    await sleep(pollEveryMs)
  }
  throw new Error(`the gateway was not ready after ${limitMs / 1000} s`)
}

/** From the start of the gateway's process, over a store with 10,000 tenants, until it is ready: in milliseconds. */
export async function startTimeMs(
  folder: string,
  harness: Harness,
  cores: Cores,
  { gatewayNodeFlags }: Flags
): Promise<number> {
  const prepare = () => addTenants(storeFile(folder), tenants)
  return await readyAfterMs(gateway, folder, harness, cores, { gatewayNodeFlags, prepare })
}

/** From the start of a contender's process until it is ready, in milliseconds. */
export async function readyAfterMs(
  contender: Contender,
  folder: string,
  { upstreamPort }: Harness,
  cores: Cores,
  { gatewayNodeFlags = [] as readonly string[], prepare = () => {} } = {}
): Promise<number> {
  mkdirSync(folder)
  const place = {
    folder,
    port: await freePort(),
    adminPort: await freePort(),
    upstreamPort,
    gatewayNodeFlags
  }
  const launch = contender.launch(place)
  if (launch === null) throw new Error('the contender has nothing to start')
  prepare()
  const startedAt = performance.now()
  const child = startOwned({
    command: launch.command,
    env: { NODE_ENV: 'production', ...launch.env },
    cores: cores.server === null ? null : String(cores.server),
    output: join(folder, 'output.log')
  })
  try {
    const tookMs = await untilReady(place.port, startedAt, limitMs)
    // Ready must mean ready: the tenant that was made by command gets its answer.
    await waitUntilServing({ port: place.port, credential: launch.credential }, child)
    return tookMs
  } finally {
    await stopOwned(child)
    rmSync(folder, { recursive: true, force: true })
  }
}
