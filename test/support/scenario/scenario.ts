import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/sandbox.ts'
import { type SeededRandom, seededRandom } from '../../../src/sandbox/seeded-random.ts'
import { type CheckOptions, check } from '../checker/checker.ts'
import type { Violation } from '../checker/histories.ts'
import { type CommandResult, runHere } from '../cli/command-here.ts'
import { noteEnded, noteStarted } from '../run/started.ts'
import type { ClientCall } from './client.ts'
import { LedgerReader } from './ledger.ts'
import { killAll, program, ScenarioProcess } from './process.ts'
import { upstreamRequestsOf } from './upstream.ts'
import { within } from './wait.ts'

/** The upstream key of every scenario: nothing but the upstream may ever see it. */
export const canaryKey = 'bd_v2_canary_9Kq4tZs7mWx2vLp6rYb3nHd8fJc5gTa1'

export type ScenarioOptions = {
  readonly sandbox?: SandboxOptions
  /** Settings that differ from those of every scenario. */
  readonly env?: Readonly<Record<string, string>>
  readonly seed?: number
}

/** A gateway process that listens. */
export type RunningGateway = {
  readonly process: ScenarioProcess
  readonly port: number
  readonly adminPort: number
  readonly writer: string
}

/** The seed of this run: SCENARIO_SEED, or a new one. Printed, so that a failed run can be repeated. */
export function scenarioSeed(name: string): number {
  const given = process.env['SCENARIO_SEED']
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  console.log(`${name}: SCENARIO_SEED=${seed}`)
  return seed
}

/** Whole processes over real sockets: a sandbox, gateways over one store, clients, and the three histories of it. */
export class Scenario {
  readonly folder: string
  readonly sandbox: Sandbox
  readonly seed: number
  readonly random: SeededRandom
  readonly env: Readonly<Record<string, string>>
  readonly storePath: string
  readonly ledger: LedgerReader
  /** C, in the order in which the calls ended. */
  readonly calls: ClientCall[] = []
  readonly processes: ScenarioProcess[] = []
  #markers = 0

  private constructor(sandbox: Sandbox, { seed = scenarioSeed('scenario'), env = {} }: ScenarioOptions) {
    this.folder = mkdtempSync(join(tmpdir(), 'gateway-scenario-'))
    this.sandbox = sandbox
    this.seed = seed
    this.random = seededRandom(seed, 'scenario')
    this.storePath = join(this.folder, 'data', 'gateway.db')
    this.ledger = new LedgerReader(this.storePath)
    const masterKey = join(this.folder, 'master.key')
    writeFileSync(masterKey, 'a master key that opens nothing but the store of this scenario\n')
    this.env = {
      GATEWAY_PORT: '0',
      GATEWAY_ADMIN_PORT: '0',
      GATEWAY_STORE_URL: `sqlite:${this.storePath}`,
      GATEWAY_MASTER_KEY: `file:${masterKey}`,
      GATEWAY_UPSTREAM_ORIGIN: sandbox.origin,
      GATEWAY_UPSTREAM_KEY: 'env:SCENARIO_UPSTREAM_KEY',
      GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '100000000',
      GATEWAY_EGRESS_BUDGET_PER_MINUTE: '100000000',
      SCENARIO_UPSTREAM_KEY: canaryKey,
      ...env
    }
  }

  static async start(options: ScenarioOptions = {}): Promise<Scenario> {
    const seed = options.seed ?? scenarioSeed('scenario')
    const connectors = Array.from({ length: 8 }, () => ({ type: 'investment_research' as const }))
    const sandbox = await startSandbox({ seed, connectors, keys: [canaryKey], ...options.sandbox })
    const scenario = new Scenario(sandbox, { ...options, seed })
    noteStarted(scenario)
    return scenario
  }

  /** Runs one command to its end, on this scenario's store. */
  async run(...words: string[]): Promise<CommandResult> {
    return await runHere(words, this)
  }

  /** Runs a command with `--json` and returns what it printed. Throws when it fails. */
  async json<T>(...words: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...words, '--json')
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Creates a tenant that may use every connector without a limit worth the name, and returns a key of it. */
  async addTenant(name: string, connectors = '*'): Promise<{ key: string; key_id: string }> {
    const open = ['--connectors', connectors, '--rate', '1000000000', '--burst', '1000000']
    await this.json('tenant', 'create', name, ...open)
    return await this.json('key', 'issue', name)
  }

  /** Starts a gateway process without waiting until it listens. */
  launch(env: Readonly<Record<string, string>> = {}): ScenarioProcess {
    const name = `gateway-${this.processes.length + 1}`
    const options = { env: { ...this.env, ...env }, folder: this.folder, name }
    const started = ScenarioProcess.start([program, 'serve'], options)
    this.processes.push(started)
    return started
  }

  /** Waits until a gateway process listens. */
  async ready(process: ScenarioProcess): Promise<RunningGateway> {
    const line = await process.logged(({ msg }) => msg === 'ready')
    const portOf = (name: string) => Number(new URL(String(line[name])).port)
    return { process, port: portOf('url'), adminPort: portOf('admin_url'), writer: String(line['writer']) }
  }

  async startGateway(env: Readonly<Record<string, string>> = {}): Promise<RunningGateway> {
    return await this.ready(this.launch(env))
  }

  /** A day that no other call of this scenario asks for: it tells calls apart in all three histories. */
  nextMarker(): string {
    const day = new Date(Date.UTC(2000, 0, 1) + this.#markers++ * 86_400_000)
    if (day.getUTCFullYear() > 9999) throw new Error('the scenario has run out of days')
    return day.toISOString().slice(0, 10)
  }

  /** A sync of a connector drawn by the seed, with a marker of its own. */
  nextSync(key: string): { connectorId: string; body: string; key: string; dateLimit: string } {
    const { connectors } = this.sandbox
    const connectorId = connectors[this.random.integer(connectors.length)]?.connector_id ?? ''
    const dateLimit = this.nextMarker()
    return { connectorId, body: JSON.stringify({ date_limit: dateLimit }), key, dateLimit }
  }

  /** Hands U, C and A to the checker. No gateway may be at work, unless `running` says so. */
  check(options: CheckOptions = {}): Violation[] {
    const upstream = this.sandbox.requests().flatMap(upstreamRequestsOf)
    // Read again: an entry that was there and is gone must not be remembered.
    const ledger = new LedgerReader(this.storePath).read()
    const { heads } = this.ledger
    return check({ upstream, clients: this.calls, ledger }, { canary: canaryKey, heads, ...options })
  }

  async end(): Promise<void> {
    await this.close()
  }

  /** Kills what still runs and removes the folder, unless it is to be looked at. */
  async close({ keepFolder = false } = {}): Promise<void> {
    noteEnded(this)
    await killAll()
    // Bounded: a socket of the sandbox that was reset while it was closing never tells that it is closed.
    await within('the sandbox is closed', 3000, this.sandbox.close()).catch(() => {})
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true })
  }
}
