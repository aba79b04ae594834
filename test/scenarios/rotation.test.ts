import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { load, times } from '../support/scenario/load.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

const goodKey = 'bd_v2_canary_good_3Hs8kQzW5nXr7yTb'
const badKey = 'bd_v2_canary_bad_9Wd2mLxP4vKc6uJe'

/** A gateway with one encrypted credential, and callers that call until `stop`. */
class Rotation {
  readonly scenario: Scenario
  readonly gateway: RunningGateway
  readonly #loaded: Promise<void>
  #goOn = true

  private constructor(scenario: Scenario, gateway: RunningGateway, key: string) {
    this.scenario = scenario
    this.gateway = gateway
    const goOn = () => this.#goOn && gateway.process.ended === null
    this.#loaded = load(scenario, { port: gateway.port, keys: [key], clients: 8, goOn })
  }

  static async start(): Promise<Rotation> {
    const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_KEY: 'env:NOT_USED' } })
    const given = givenBy(scenario, canaryKey)
    await scenario.json('credential', 'add', 'default', '--from', given, '--seal')
    const { key } = await scenario.addTenant('acme')
    return new Rotation(scenario, await scenario.startGateway(), key)
  }

  async rotate(key: string, ...more: string[]) {
    return await this.scenario.run(
      'credential',
      'rotate',
      'default',
      '--from',
      givenBy(this.scenario, key),
      '--seal',
      ...more
    )
  }

  /** Waits until so many more calls have been answered. */
  async calls(count: number): Promise<void> {
    const wanted = this.scenario.calls.length + count
    await eventually(`${count} more calls`, () => this.scenario.calls.length >= wanted, { withinMs: 20_000 })
  }

  /** Waits until the upstream is called with this key. */
  async uses(key: string): Promise<void> {
    const { sandbox } = this.scenario
    const after = sandbox.requests().length
    await eventually(
      'the upstream is called with the key',
      () => sandbox.requests(after).some(({ head }) => head.includes(key) && head.startsWith('POST')),
      { withinMs: 20_000 }
    )
  }

  /** Ends the load and the gateway, and hands everything to the checker. */
  async end(): Promise<void> {
    this.#goOn = false
    await this.#loaded
    this.gateway.process.signal('SIGTERM')
    expect(await this.gateway.process.exited).toMatchObject({ code: 0 })
    const { calls } = this.scenario
    console.log(
      `${calls.length} calls, answered with ${[...new Set(calls.map(({ status }) => status))].join()}`
    )
    expect(calls.filter(({ status }) => status !== 200)).toEqual([])
    expect(this.scenario.check()).toEqual([])
  }

  kinds(): string[] {
    return this.scenario.ledger
      .entries()
      .map(({ kind, credential }) => `${kind} ${credential ?? ''}`)
      .filter(kind => kind.startsWith('admin.credential'))
  }
}

function givenBy(scenario: Scenario, key: string): string {
  const path = join(scenario.folder, `${key}.txt`)
  writeFileSync(path, `${key}\n`, { mode: 0o600 })
  return `file:${path}`
}

async function rotating(run: (rotation: Rotation) => Promise<void>): Promise<void> {
  let rotation: Rotation | undefined
  try {
    rotation = await Rotation.start()
    await rotation.calls(50)
    await run(rotation)
    await rotation.end()
  } finally {
    await rotation?.scenario.close()
  }
}

test('a good new key takes over under load, and the old one can be revoked: no call fails', () =>
  rotating(async rotation => {
    rotation.scenario.sandbox.addKey(goodKey)
    expect(await rotation.rotate(goodKey)).toMatchObject({ code: 0 })
    await rotation.uses(goodKey)
    rotation.scenario.sandbox.removeKey(canaryKey)
    await rotation.calls(100)
    expect(rotation.kinds()).toEqual(['admin.credential.add default@1', 'admin.credential.rotate default@2'])
  }))

test('a bad new key is refused before it is used; put in all the same, it is gone back from by itself: no call fails', () =>
  rotating(async rotation => {
    const refused = await rotation.rotate(badKey, '--json')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'credential_refused', status: 409 })
    expect(rotation.kinds()).toEqual(['admin.credential.add default@1'])

    expect(await rotation.rotate(badKey, '--no-proof')).toMatchObject({ code: 0 })
    await rotation.uses(badKey)
    await rotation.uses(canaryKey)
    await eventually('going back is recorded', () =>
      rotation.kinds().includes('admin.credential.revert default@1')
    )
    await rotation.calls(100)
    expect(rotation.kinds().filter(kind => kind.includes('revert'))).toHaveLength(1)
    expect(rotation.gateway.process.stdout()).toMatch(
      /"event":"credential.reverted","credential":"default","from":2,"to":1,/
    )
  }))

test('a new key that is revoked upstream in mid-flight is gone back from: no call fails', () =>
  rotating(async rotation => {
    rotation.scenario.sandbox.addKey(goodKey)
    expect(await rotation.rotate(goodKey)).toMatchObject({ code: 0 })
    await rotation.uses(goodKey)
    rotation.scenario.sandbox.removeKey(goodKey)
    await rotation.uses(canaryKey)
    await rotation.calls(100)
    expect(rotation.kinds().at(-1)).toBe('admin.credential.revert default@1')
  }))

test('without any key that works, callers get 502, never a 401, and the upstream is left alone after three', async () => {
  const scenario = await Scenario.start()
  try {
    const { key } = await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    scenario.sandbox.removeKey(canaryKey)
    await load(scenario, { port: gateway.port, keys: [key], clients: 1, goOn: times(12) })
    const codes = scenario.calls.map(({ body }) => (JSON.parse(body) as { code: string }).code)
    expect(codes).toEqual([
      ...Array(3).fill('upstream_credential_rejected'),
      ...Array(9).fill('upstream_busy')
    ])
    expect(scenario.calls.map(({ status }) => status)).not.toContain(401)
    expect(scenario.sandbox.requests()).toHaveLength(3)
    gateway.process.signal('SIGTERM')
    await gateway.process.exited
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
