import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { type SeededRandom, seededRandom } from '../../../src/sandbox/seeded-random.ts'
import type { Violation } from '../checker/histories.ts'
import { load } from './load.ts'
import { Scenario } from './scenario.ts'

export type CrashOptions = {
  readonly kills: number
  readonly seed: number
  /** The number of the first kill: a run that was stopped goes on there. */
  readonly from?: number
  readonly checkEvery?: number
  readonly onProgress?: (progress: CrashResult) => void
}

export type CrashResult = {
  readonly kills: number
  /** Those that struck before the gateway listened: while it opened the store or recovered. */
  readonly duringStart: number
  readonly calls: number
  /** Calls whose fate a crash left unknown. */
  readonly unknown: number
  readonly violations: readonly Violation[]
  /** What is kept of a run with violations: the store and the logs. */
  readonly folder: string
}

const clients = 12
const longestLoadMs = 450
/** One kill in six strikes while the process starts. */
const duringStartOf = 6
const longestStartMs = 700

/**
 * Kills a gateway under load again and again, each at an instant drawn from the seed and the kill's number, and starts
 * it on the same store. The checker sees the histories once the next start has recovered, every `checkEvery` kills.
 */
export async function crashRepeatedly(options: CrashOptions): Promise<CrashResult> {
  const { kills, seed, from = 1, checkEvery = 10, onProgress = () => {} } = options
  const scenario = await Scenario.start({ seed, sandbox: { recordLimit: 5_000_000 } })
  slowUpstream(scenario)
  const run = new CrashRun(scenario, [(await scenario.addTenant('acme')).key])
  try {
    for (let number = from; number < from + kills && run.violations.length === 0; number++) {
      await run.kill(seededRandom(seed, `kill ${number}`))
      if (run.kills % checkEvery === 0) onProgress(await run.recoverAndCheck())
    }
    return await run.recoverAndCheck()
  } finally {
    await scenario.close({ keepFolder: run.violations.length > 0 })
  }
}

/** Calls take a while, so that a kill finds some at every stage. */
function slowUpstream({ sandbox, random }: Scenario): void {
  sandbox.faults.add(
    { fault: 'reset-before-headers', probability: 0.02 },
    { fault: 'content-error', probability: 0.04 },
    { fault: 'delay-before-headers', probability: 0.3, options: { wait_ms: 2 + random.integer(8) } },
    { fault: 'delay-before-headers', probability: 0.5, options: { wait_ms: 15 + random.integer(30) } },
    { fault: 'delay-before-body', probability: 0.5, options: { wait_ms: 5 + random.integer(20) } }
  )
}

class CrashRun {
  kills = 0
  violations: readonly Violation[] = []
  #duringStart = 0
  readonly #scenario: Scenario
  readonly #keys: readonly string[]

  constructor(scenario: Scenario, keys: readonly string[]) {
    this.#scenario = scenario
    this.#keys = keys
  }

  async kill(random: SeededRandom): Promise<void> {
    const process = this.#scenario.launch()
    if (random.integer(duringStartOf) === 0) {
      this.#duringStart++
      await delay(random.integer(longestStartMs))
      await process.kill()
    } else {
      const { port } = await this.#scenario.ready(process)
      const goOn = () => process.ended === null
      const loaded = load(this.#scenario, { port, keys: this.#keys, clients, goOn })
      await delay(random.integer(longestLoadMs))
      await process.kill()
      await loaded
    }
    this.kills++
    // Noted after each kill: what is durable now must be there ever after.
    this.#scenario.ledger.read()
  }

  /** Starts once more, which recovers, ends in order, and hands everything to the checker. */
  async recoverAndCheck(): Promise<CrashResult> {
    const { process } = await this.#scenario.startGateway()
    process.signal('SIGTERM')
    const { code } = await process.exited
    assert.equal(code, 0, 'a gateway without calls drains and ends with 0')
    const entries = this.#scenario.ledger.entries()
    this.violations = [...this.#scenario.check(), ...resent(this.#scenario), ...unclosed(entries)]
    const unknown = entries.filter(entry => entry['code'] === 'outcome_unknown').length
    return {
      kills: this.kills,
      duringStart: this.#duringStart,
      calls: this.#scenario.calls.length,
      unknown,
      violations: this.violations,
      folder: this.#scenario.folder
    }
  }
}

/** I8 by what was asked for: each call asks for a day of its own, which the upstream must not see twice. */
export function resent({ sandbox }: Pick<Scenario, 'sandbox'>): Violation[] {
  const seen = new Set<string>()
  return sandbox.requests().flatMap(({ body }) => {
    const repeated = body !== '' && seen.has(body)
    seen.add(body)
    return repeated ? [{ invariant: 'I8' as const, detail: `the upstream received ${body} twice` }] : []
  })
}

/** Every chain but that of a killed process ends in order, and each killed one is named by who recovered it. */
function unclosed(entries: readonly Record<string, unknown>[]): Violation[] {
  const opened = entries.filter(({ kind, role }) => kind === 'writer.opened' && role === 'gateway')
  const ended = new Set(
    entries.map(({ kind, writer, recovered }) => (kind === 'writer.closed' ? writer : recovered))
  )
  return opened
    .filter(({ writer }) => !ended.has(writer))
    .map(({ writer }) => ({ invariant: 'I3', detail: `writer ${writer} was neither closed nor recovered` }))
}
