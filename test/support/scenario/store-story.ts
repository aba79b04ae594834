import { type ClientCall, ScenarioClient } from './client.ts'
import { type RunningGateway, Scenario } from './scenario.ts'
import { eventually } from './wait.ts'

/** A gateway over a store to which something happens, and one caller of it. */
export class StoreStory {
  readonly scenario: Scenario
  readonly gateway: RunningGateway
  readonly key: string
  readonly #client: ScenarioClient

  constructor(scenario: Scenario, gateway: RunningGateway, key: string) {
    this.scenario = scenario
    this.gateway = gateway
    this.key = key
    this.#client = new ScenarioClient(gateway.port)
  }

  /** A gateway with one tenant. */
  static async begin(scenario: Scenario): Promise<StoreStory> {
    const { key } = await scenario.addTenant('acme')
    return new StoreStory(scenario, await scenario.startGateway(), key)
  }

  async call(): Promise<ClientCall> {
    const call = await this.#client.send(this.scenario.nextSync(this.key))
    this.scenario.calls.push(call)
    return call
  }

  /** The statuses of so many calls, one after the other. */
  async calls(count: number): Promise<(number | undefined)[]> {
    const statuses: (number | undefined)[] = []
    for (let call = 0; call < count; call++) statuses.push((await this.call()).status)
    return statuses
  }

  async get(path: string, port = this.gateway.port): Promise<ClientCall> {
    const client = new ScenarioClient(port)
    const answer = await client.send({ method: 'GET', path, key: this.key, connectorId: '', body: '' })
    client.close()
    return answer
  }

  async readiness(): Promise<ClientCall> {
    return await this.get('/readyz')
  }

  /** Reads a history: the thread that reads has the store open from then on. */
  async history(): Promise<ClientCall> {
    const [connector] = this.scenario.sandbox.connectors
    return await this.get(`/connectors/${connector?.connector_id}/syncs`)
  }

  /** Calls until one is refused: what a file has room for already, it still takes. */
  async refusal(): Promise<ClientCall> {
    return await this.#callUntil(503, { withinMs: 30_000 })
  }

  /** How often the gateway has said that it cannot record. */
  faults(): number {
    return this.gateway.process.stdout().split('ledger.fault').length - 1
  }

  /** Calls until the gateway has found a fault beyond these: mostly by a call, which is refused, and else by other entries. */
  async notice(faults: number): Promise<void> {
    await eventually(
      'a fault is found',
      async () => (await this.call()).status === 503 || this.faults() > faults,
      { withinMs: 30_000 }
    )
  }

  /** Calls until one is answered. */
  async recovery(): Promise<ClientCall> {
    return await this.#callUntil(200, { withinMs: 15_000 })
  }

  async #callUntil(status: number, options: { withinMs: number }): Promise<ClientCall> {
    return await eventually(
      `a call gets ${status}`,
      async () => {
        const call = await this.call()
        return call.status === status && call
      },
      options
    )
  }

  /** Drains the gateway, and resolves to how it ended. */
  async drain(): Promise<{ code: number | null }> {
    this.gateway.process.signal('SIGTERM')
    return await this.gateway.process.exited
  }

  hangUp(): void {
    this.#client.close()
  }
}

/** Runs `run` on a gateway of its own, and ends all of it afterwards. */
export async function withStory(run: (story: StoreStory) => Promise<void>): Promise<void> {
  const scenario = await Scenario.start()
  try {
    const story = await StoreStory.begin(scenario)
    try {
      await run(story)
    } finally {
      story.hangUp()
    }
  } finally {
    await scenario.close()
  }
}
