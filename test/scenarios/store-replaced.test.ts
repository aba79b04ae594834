import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scenario } from '../support/scenario.ts'
import { ScenarioClient } from '../support/scenario-client.ts'
import { eventually } from '../support/scenario-wait.ts'

test('calls are refused, and nothing is sent, while the store’s file is not in its place; they go on when it is back', async () => {
  const scenario = await Scenario.start()
  const { key } = await scenario.addTenant('acme')
  const { port } = await scenario.startGateway()
  const client = new ScenarioClient(port)
  try {
    expect((await client.send(scenario.nextSync(key))).status).toBe(200)
    renameSync(scenario.storePath, `${scenario.storePath}.away`)
    const refused = await client.send(scenario.nextSync(key))
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'ledger_unavailable', forwarded: 'no' })
    expect(scenario.sandbox.requests()).toHaveLength(1)
    renameSync(`${scenario.storePath}.away`, scenario.storePath)
    const back = await eventually('calls go on', async () => {
      const call = await client.send(scenario.nextSync(key))
      return call.status === 200 && call
    })
    expect(back).toMatchObject({ status: 200 })
  } finally {
    client.close()
    await scenario.close()
  }
}, 30_000)
