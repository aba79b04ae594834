import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { load } from '../../support/scenario/load.ts'
import { Scenario } from '../../support/scenario/scenario.ts'

// After a rewrap the store's thread ran the command for the master key again and again, and entries waited for it.
test('no call fails while a slow command fetches the master key of a rewrapped store', async () => {
  const scenario = await Scenario.start({
    env: {
      GATEWAY_UPSTREAM_KEY: 'env:NOT_USED',
      GATEWAY_MASTER_KEY: 'exec:./master-key',
      PATH: process.env['PATH'] ?? ''
    }
  })
  try {
    const write = (name: string, text: string) => writeFileSync(join(scenario.folder, name), text)
    write('first.key', 'a first master key of this scenario, long enough')
    const script = (wait: number, name: string) => `#!/bin/sh\nsleep ${wait}\ncat ${name}.key\n`
    write('master-key', script(0, 'first'))
    chmodSync(join(scenario.folder, 'master-key'), 0o700)
    await scenario.json('credential', 'add', 'default', '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
    const { key } = await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    let goesOn = true
    const loaded = load(scenario, {
      port: gateway.port,
      keys: [key],
      clients: 2,
      goOn: () => goesOn && gateway.process.ended === null
    })
    await scenario.json('credential', 'rewrap', '--to', 'file:next.key')
    write('master-key', script(3, 'next'))
    await gateway.process.logged(({ event }) => event === 'credentials.not_read')
    const marked = { GATEWAY_MASTER_KEY: 'file:next.key' }
    Object.assign(scenario.env, marked)
    await scenario.json('credential', 'add', 'mark', '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
    await gateway.process.logged(({ credential }) => credential === 'mark@1', 20_000)
    goesOn = false
    await loaded
    expect(scenario.calls.filter(({ status }) => status !== 200)).toEqual([])
    gateway.process.signal('SIGTERM')
    await gateway.process.exited
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
