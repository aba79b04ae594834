/**
 * What a refusal costs: one gateway, asked for each kind in turn, and Fastify's hello in the same round.
 */
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryPath } from './contenders/contender.ts'
import { gatewayCommand, gatewayEnvironment, prepareStore, runCommand } from './contenders/gateway.ts'
import type { Cores } from './cores.ts'
import { connectorId, type RequestName } from './fixture.ts'
import type { Flags } from './flags.ts'
import { freePort } from './free-port.ts'
import type { Harness } from './harness.ts'
import type { Target } from './load/connection.ts'
import { startOwned, stopOwned } from './owned-processes.ts'
import { cpuMicros } from './process-tree.ts'
import { waitUntilServing } from './readiness.ts'
import type { RefusalSample } from './report/refusals.ts'

/** A store with a tenant for each reason to be refused, made once and copied for each round. */
export interface RefusalStore {
  readonly folder: string
  /** Of a tenant with a limit that never refuses and a grant for another connector than those asked for. */
  readonly otherGrantKey: string
  readonly limitedKey: string
  readonly key: string
}

/** Makes the store in `folder`, which is new. */
export function prepareRefusals(folder: string, { upstreamPort }: Harness): RefusalStore {
  const place = { folder, port: 0, adminPort: 0, upstreamPort, gatewayNodeFlags: [] }
  const key = prepareStore(place)
  const keyOf = (tenant: string, ...settings: string[]): string => {
    runCommand(place, 'tenant', 'create', tenant, ...settings)
    return runCommand(place, 'key', 'issue', tenant)['key'] as string
  }
  return {
    folder,
    key,
    otherGrantKey: keyOf(
      'elsewhere',
      '--connectors',
      connectorId(0xffff),
      '--rate',
      '100000000',
      '--burst',
      '100000'
    ),
    limitedKey: keyOf('limited', '--connectors', '*', '--rate', '1', '--burst', '1')
  }
}

/** Every kind at full load, over one process of the gateway and one of the hello. */
export async function playRefusals(
  store: RefusalStore,
  folder: string,
  harness: Harness,
  cores: Cores,
  flags: Flags
): Promise<Map<RequestName, RefusalSample>> {
  mkdirSync(folder)
  cpSync(store.folder, folder, { recursive: true })
  const [port, adminPort, helloPort] = [await freePort(), await freePort(), await freePort()]
  const place = {
    folder,
    port,
    adminPort,
    upstreamPort: harness.upstreamPort,
    gatewayNodeFlags: flags.gatewayNodeFlags
  }
  const pinned = cores.server === null ? null : String(cores.server)
  const start = (command: readonly string[], env: Record<string, string>) =>
    startOwned({
      command,
      env: { NODE_ENV: 'production', ...env },
      cores: pinned,
      output: join(folder, 'output.log')
    })
  const bearer = (key: string): string => `Authorization: Bearer ${key}`
  // A caller that fails too often from one address gets 429 instead of 401.
  const trusting = { ...gatewayEnvironment(place), GATEWAY_TRUSTED_PROXIES: '127.0.0.1' }
  const unknownKey = `${store.key.slice(0, -1)}${store.key.endsWith('0') ? '1' : '0'}`
  const targets: readonly Target[] = [
    { port: helloPort, credential: '', request: 'hello' },
    { port, credential: bearer(unknownKey), request: 'credentialsInvalid', fromManyAddresses: true },
    { port, credential: bearer(store.limitedKey), request: 'rateLimited' },
    { port, credential: bearer(store.otherGrantKey), request: 'connectorNotFound' },
    { port, credential: bearer(store.key), request: 'requestInvalid' }
  ]
  const hello = start([process.execPath, repositoryPath('bench/peers/hello.ts'), String(helloPort)], {})
  const gateway = start(gatewayCommand(flags.gatewayNodeFlags, 'serve'), trusting)
  const samples = new Map<RequestName, RefusalSample>()
  try {
    for (const target of targets) {
      const server = target.port === helloPort ? hello : gateway
      await waitUntilServing(
        target.request === 'rateLimited' ? { port, credential: bearer(store.limitedKey) } : target,
        server
      )
      samples.set(target.request as RequestName, await measure(target, server.pid as number, harness, flags))
    }
    return samples
  } finally {
    await stopOwned(hello)
    await stopOwned(gateway)
  }
}

async function measure(
  target: Target,
  pid: number,
  harness: Harness,
  { connections, seconds, warmUpSeconds }: Flags
): Promise<RefusalSample> {
  await harness.load({ target, connections, seconds: warmUpSeconds, perSecond: null })
  const before = cpuMicros(pid)
  const { requests, perSecond } = await harness.load({ target, connections, seconds, perSecond: null })
  return { requestsPerSecond: perSecond, cpuMicrosPerRequest: (cpuMicros(pid) - before) / requests }
}
