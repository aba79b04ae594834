import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { load } from '../../support/scenario/load.ts'
import { canaryKey, Scenario } from '../../support/scenario/scenario.ts'
import { eventually } from '../../support/scenario/wait.ts'

const badKey = 'bd_v2_canary_bad_9Wd2mLxP4vKc6uJe'
const goodKey = 'bd_v2_canary_good_3Hs8kQzW5nXr7yTb'

// The file went on giving the key that had been gone back from: four times a second it became a new version.
test('a rejected key of a file is rolled back once, and not used again until the file gives another', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_KEY: 'file:upstream.key' } })
  try {
    const path = join(scenario.folder, 'upstream.key')
    const put = (key: string) => {
      writeFileSync(`${path}.new`, `${key}\n`, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    }
    const changes = () =>
      scenario.ledger
        .entries()
        .filter(({ kind }) => String(kind).startsWith('admin.credential'))
        .map(({ kind, credential }) => `${kind} ${credential}`)
    put(canaryKey)
    const { key } = await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    let goesOn = true
    const loaded = load(scenario, {
      port: gateway.port,
      keys: [key],
      clients: 2,
      goOn: () => goesOn && gateway.process.ended === null
    })
    put(badKey)
    await eventually('going back is recorded', () => changes().some(change => change.includes('revert')))
    // A change that the gateway follows only after it has looked at the file several times more.
    for (const name of ['one', 'two', 'three'].map(word => `mark-${word}`)) {
      await scenario.json('credential', 'add', name, '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
      await gateway.process.logged(({ credential }) => credential === `${name}@1`)
    }
    const expected = [
      'admin.credential.add default@1',
      'admin.credential.change default@2',
      'admin.credential.revert default@1'
    ]
    expect(changes().filter(change => change.includes(' default'))).toEqual(expected)

    scenario.sandbox.addKey(goodKey)
    put(goodKey)
    await gateway.process.logged(({ credential }) => credential === 'default@3')
    goesOn = false
    await loaded
    expect(changes().at(-1)).toBe('admin.credential.change default@3')
    expect(scenario.calls.filter(({ status }) => status !== 200)).toEqual([])
    gateway.process.signal('SIGTERM')
    await gateway.process.exited
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
