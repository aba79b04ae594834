import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ScenarioClient } from '../support/scenario/client.ts'
import { type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

describe('a change by the command line takes effect within a second on a connection that is kept alive', () => {
  let scenario: Scenario
  let gateway: RunningGateway
  let client: ScenarioClient
  let tenants = 0
  beforeAll(async () => {
    scenario = await Scenario.start()
    gateway = await scenario.startGateway()
    client = new ScenarioClient(gateway.port)
  })
  afterAll(async () => {
    client.close()
    await scenario.close()
  })

  const connector = () => scenario.sandbox.connectors[0]?.connector_id ?? ''
  const newTenant = async (connectors?: string) => {
    const name = `tenant-${++tenants}`
    return { name, ...(await scenario.addTenant(name, connectors)) }
  }

  async function becomes(key: string, status: number): Promise<void> {
    await eventually(
      `the answer becomes ${status}`,
      async () => {
        const call = await client.send({ ...scenario.nextSync(key), connectorId: connector() })
        scenario.calls.push(call)
        return call.status === status
      },
      { withinMs: 1000 }
    )
  }

  test('a new tenant and key', async () => {
    await becomes((await newTenant()).key, 200)
  })

  test('a tenant disabled and enabled again', async () => {
    const { name, key } = await newTenant()
    await becomes(key, 200)
    await scenario.json('tenant', 'disable', name)
    await becomes(key, 401)
    await scenario.json('tenant', 'enable', name)
    await becomes(key, 200)
  })

  test('a key revoked, and no other', async () => {
    const { name, key, key_id } = await newTenant()
    const other = await scenario.json<{ key: string }>('key', 'issue', name)
    await becomes(key, 200)
    await scenario.json('key', 'revoke', key_id)
    await becomes(key, 401)
    await becomes(other.key, 200)
  })

  test('a grant removed and added', async () => {
    const { name, key } = await newTenant(connector())
    await becomes(key, 200)
    await scenario.json('grant', 'remove', name, connector())
    await becomes(key, 404)
    await scenario.json('grant', 'add', name, connector())
    await becomes(key, 200)
  })

  test('all of it on one connection, and the histories agree', () => {
    expect(client.connections).toBeLessThanOrEqual(1)
    expect(scenario.check({ running: true })).toEqual([])
  })
})
