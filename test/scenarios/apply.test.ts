import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ScenarioClient } from '../support/scenario/client.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

const nextKey = 'bd_v2_canary_next_6Tg8yUj2kLp4wQz1'
const badKey = 'bd_v2_canary_bad_5Rf7tGh3jKm9nBv2'

describe('a file of state', () => {
  let scenario: Scenario
  let gateway: RunningGateway
  let client: ScenarioClient
  let key = ''
  beforeAll(async () => {
    scenario = await Scenario.start()
    for (const [name, text] of Object.entries({ first: canaryKey, next: nextKey, bad: badKey }))
      writeFileSync(join(scenario.folder, `${name}.key`), text, { mode: 0o600 })
    gateway = await scenario.startGateway()
    client = new ScenarioClient(gateway.port)
  })
  afterAll(async () => {
    client.close()
    await scenario.close()
  })

  const connector = () => scenario.sandbox.connectors[0]?.connector_id ?? ''
  const from = (name: string) => `{ from: 'file:${join(scenario.folder, `${name}.key`)}' }`

  async function apply(text: string, ...more: string[]) {
    writeFileSync(join(scenario.folder, 'state.yaml'), text)
    return await scenario.run('apply', '-f', join(scenario.folder, 'state.yaml'), '--json', ...more)
  }

  async function applied(text: string, ...more: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await apply(text, ...more)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout) as Record<string, unknown>
  }

  async function send(): Promise<number | undefined> {
    const call = await client.send({ ...scenario.nextSync(key), connectorId: connector() })
    scenario.calls.push(call)
    return call.status
  }

  async function becomes(status: number): Promise<void> {
    const withinMs = 1000
    await eventually(`the answer becomes ${status}`, async () => (await send()) === status, { withinMs })
  }

  test('is followed by a running gateway within a second, a refused key leaves all as it was, and calls are replayed', async () => {
    const many = 'rate_per_minute: 1000000, burst: 1000'
    const granted = () => `{ ${many}, credentials: [mine], connectors: ['${connector()}'] }`
    await applied(`tenants: { acme: ${granted()} }\ncredentials: { mine: ${from('first')} }`)
    key = (await scenario.json<{ key: string }>('key', 'issue', 'acme')).key
    await becomes(200)

    // In one transaction with the key that is refused is a tenant that would have come to be.
    const refused = await apply(
      `tenants: { acme: ${granted()}, beta: }\ncredentials: { mine: ${from('bad')} }`
    )
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'credential_refused' })
    const { items } = await scenario.json<{ items: { tenant: string }[] }>('tenant', 'list')
    expect(items.map(({ tenant }) => tenant)).toEqual(['acme'])
    expect(await send()).toBe(200)

    scenario.sandbox.addKey(nextKey)
    await applied(`tenants: { acme: ${granted()} }\ncredentials: { mine: ${from('next')} }`)
    await eventually('the next key is used', async () => {
      const after = scenario.sandbox.requests().length
      await send()
      return scenario.sandbox.requests(after).some(({ head }) => head.includes(nextKey))
    })

    const made = scenario.calls.length
    const withoutGrant = `tenants: { acme: { ${many}, credentials: [mine] } }`
    const tried = await applied(withoutGrant, '--dry-run', '--replay', '1h')
    const admitted = scenario.calls.filter(({ status }) => status === 200).length
    const gone = { tenant: 'acme', code: 'connector_not_found', keys: 1, connector_ids: [connector()] }
    expect(tried['replay']).toMatchObject({ refused: [{ ...gone, calls: admitted }] })
    expect(scenario.calls).toHaveLength(made)
    await applied(withoutGrant)
    await becomes(404)

    await applied('tenants: {}', '--prune')
    await becomes(401)
    await applied(`tenants: { acme: ${granted()} }`)
    await becomes(200)

    gateway.process.signal('SIGTERM')
    expect(await gateway.process.exited).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    for (const { stdout } of [await scenario.run('ledger', 'export'), await scenario.run('export')])
      expect(stdout).not.toMatch(/bd_v2_canary/)
  })
})
