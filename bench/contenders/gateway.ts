import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { upstreamKey } from '../fixture.ts'
import { type Contender, type Place, repositoryPath } from './contender.ts'
import { requireLedgerOf } from './gateway-store.ts'

/** As the published program and `npm run gateway` start it. */
const main = repositoryPath('bin/connector-gateway.js')
export const programFlags = ['--max-semi-space-size=4', '--max-old-space-size=1024']

// Never in the way: what is measured is the cost of the checks, not their refusals.
const ratePerMinute = '100000000'
const burst = '100000'

/** A store with one tenant and one key, made once and copied for each round. */
let template: { folder: string; key: string } | null = null

/** The store's file, for those who look into it from outside. */
export function storeFile(folder: string): string {
  return join(folder, 'gateway.db')
}

/** Where the master key of a store lies. */
export function masterKeyFile(folder: string): string {
  return join(folder, 'master.key')
}

/** The gateway's configuration: everything on, over a store of its own in `folder`. */
export function gatewayEnvironment({ folder, port, adminPort, upstreamPort }: Place): Record<string, string> {
  return {
    MALLOC_ARENA_MAX: '1',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    GATEWAY_ADMIN_HOST: '127.0.0.1',
    GATEWAY_ADMIN_PORT: String(adminPort),
    GATEWAY_STORE_URL: `sqlite:${storeFile(folder)}`,
    GATEWAY_MASTER_KEY: `file:${masterKeyFile(folder)}`,
    GATEWAY_UPSTREAM_ORIGIN: `http://127.0.0.1:${upstreamPort}`,
    GATEWAY_UPSTREAM_KEY: 'env:BENCH_UPSTREAM_KEY',
    BENCH_UPSTREAM_KEY: upstreamKey,
    GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: ratePerMinute,
    GATEWAY_EGRESS_BUDGET_PER_MINUTE: ratePerMinute
  }
}

/** How to run a command of the gateway. */
export function gatewayCommand(nodeFlags: readonly string[], ...args: string[]): string[] {
  return [process.execPath, ...programFlags, ...nodeFlags, main, ...args]
}

/** Runs one command of the gateway over the store in `folder` and gives what it printed. */
export function runCommand(place: Place, ...args: string[]): Record<string, unknown> {
  const [file, ...rest] = gatewayCommand([], ...args, '--json')
  const { status, stdout, stderr, error } = spawnSync(file as string, rest, {
    env: { ...process.env, ...gatewayEnvironment(place) },
    encoding: 'utf8',
    timeout: 30_000
  })
  if (status !== 0) throw new Error(`gateway ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Makes a store with one tenant whose limits never refuse, in `place.folder`, which is new; gives that tenant's key. */
export function prepareStore(place: Place): string {
  mkdirSync(place.folder)
  // The gateway makes a master key only where its embedded default lies; one that is named must be there.
  writeFileSync(masterKeyFile(place.folder), randomBytes(32).toString('base64'), { mode: 0o600 })
  const limits = ['--rate', ratePerMinute, '--burst', burst]
  runCommand(place, 'tenant', 'create', 'bench', '--connectors', '*', ...limits)
  const { key } = runCommand(place, 'key', 'issue', 'bench')
  if (typeof key !== 'string') throw new Error('gateway key issue printed no key')
  return key
}

export const gateway: Contender = {
  name: 'gateway',
  title: 'this gateway',
  whyMissing: () => (existsSync(main) ? null : 'bin/connector-gateway.js does not exist'),
  prepare(folder, { upstreamPort }) {
    const place = { folder, port: 0, adminPort: 0, upstreamPort, gatewayNodeFlags: [] }
    template = { folder, key: prepareStore(place) }
  },
  launch(place) {
    if (template === null) throw new Error('the gateway was not prepared')
    cpSync(template.folder, place.folder, { recursive: true })
    return {
      command: gatewayCommand(place.gatewayNodeFlags, 'serve'),
      env: gatewayEnvironment(place),
      credential: `Authorization: Bearer ${template.key}`
    }
  },
  check: (folder, calls) => requireLedgerOf(storeFile(folder), calls)
}
