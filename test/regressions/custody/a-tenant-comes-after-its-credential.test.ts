import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ScenarioClient } from '../../support/scenario/client.ts'
import { canaryKey, Scenario } from '../../support/scenario/scenario.ts'
import { eventually } from '../../support/scenario/wait.ts'

// A gateway reads tenants and credentials one after the other. It knew for a moment that a tenant had a new credential and not
// yet the credential, or no longer the one that the tenant had had until then: its calls got 503 `sealed`.
test('a tenant that is given a new credential, while the one before goes, all in one change, loses no call', async () => {
  const scenario = await Scenario.start()
  const from = join(scenario.folder, 'a.key')
  writeFileSync(from, canaryKey, { mode: 0o600 })
  async function apply(name: string): Promise<void> {
    const settings = `rate_per_minute: 1000000, burst: 100000, credentials: [${name}], connectors: ['*']`
    const file = join(scenario.folder, 'state.yaml')
    writeFileSync(
      file,
      `tenants: { acme: { ${settings} } }\ncredentials: { ${name}: { from: 'file:${from}' } }`
    )
    await scenario.json('apply', '-f', file, '--prune')
  }
  await apply('first')
  const { key } = await scenario.json<{ key: string }>('key', 'issue', 'acme')
  const gateway = await scenario.startGateway({
    GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '100000',
    GATEWAY_EGRESS_BUDGET_PER_MINUTE: '100000'
  })
  const client = new ScenarioClient(gateway.port)
  const connectorId = scenario.sandbox.connectors[0]?.connector_id ?? ''
  const statuses = new Map<number | undefined, number>()
  async function send(): Promise<number | undefined> {
    const call = await client.send({ ...scenario.nextSync(key), connectorId })
    scenario.calls.push(call)
    return call.status
  }
  await eventually('calls are taken', async () => (await send()) === 200)
  let isOver = false
  const calls = (async () => {
    while (!isOver) {
      const status = await send()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  })()
  for (const name of ['second', 'third', 'fourth', 'fifth', 'sixth']) await apply(name)
  await eventually('the last one is in use', async () =>
    (
      await scenario.json<{ items: { credential?: string }[] }>(
        'ledger',
        'list',
        '--kind',
        'call.outcome',
        '--limit',
        '1'
      )
    ).items.some(({ credential }) => credential === 'sixth@1')
  )
  isOver = true
  await calls
  client.close()
  await scenario.close()
  expect([...statuses.keys()]).toEqual([200])
})
