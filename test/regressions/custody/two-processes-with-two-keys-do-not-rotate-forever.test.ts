import { expect, test } from 'vitest'
import { load } from '../../support/scenario/load.ts'
import { canaryKey, type RunningGateway, Scenario } from '../../support/scenario/scenario.ts'

const nextKey = 'bd_v2_canary_next_5Yt8wQ2kLm7ZxV4c'

// While gateways are restarted one by one with another key in their environment, each noted its own key as the new one,
// without end, and refused calls while it had none.
test('a gateway whose environment still has the key before goes on with it beside one that has the next', async () => {
  const scenario = await Scenario.start()
  try {
    const { key } = await scenario.addTenant('acme')
    scenario.sandbox.addKey(nextKey)
    let goesOn = true
    const loadOn = ({ port, process }: RunningGateway) =>
      load(scenario, { port, keys: [key], clients: 2, goOn: () => goesOn && process.ended === null })
    const before = await scenario.startGateway()
    const loads = [loadOn(before)]
    const after = await scenario.startGateway({ SCENARIO_UPSTREAM_KEY: nextKey })
    loads.push(loadOn(after))
    await before.process.logged(({ event }) => event === 'credential.unreadable')
    for (const name of ['mark-one', 'mark-two', 'mark-three']) {
      await scenario.json('credential', 'add', name, '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
      for (const { process } of [before, after])
        await process.logged(({ credential }) => credential === `${name}@1`)
    }
    goesOn = false
    await Promise.all(loads)
    const changes = scenario.ledger
      .entries()
      .filter(
        ({ kind, credential }) =>
          /^admin\.credential/.test(String(kind)) && /^default/.test(String(credential))
      )
      .map(({ kind, credential }) => `${kind} ${credential}`)
    expect(changes).toEqual(['admin.credential.add default@1', 'admin.credential.change default@2'])
    expect(scenario.calls.filter(({ status }) => status !== 200)).toEqual([])
    const heads = scenario.sandbox.requests().map(({ head }) => head)
    for (const used of [canaryKey, nextKey]) expect(heads.some(head => head.includes(used))).toBe(true)
    for (const { process } of [before, after]) {
      process.signal('SIGTERM')
      await process.exited
    }
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
