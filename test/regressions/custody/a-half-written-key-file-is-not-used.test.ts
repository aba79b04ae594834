import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KeyMaterial } from '../../../src/custody/key-material.ts'
import { SecretWatch } from '../../../src/custody/secrets/watch.ts'
import { fingerprintKey } from '../../support/fixtures/held-credentials.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { canaryKey, Scenario } from '../../support/scenario/scenario.ts'

const nextKey = 'bd_v2_canary_next_5Yt8wQ2kLm7ZxV4c'

// Half of a key became a version of its own, and the key before was given up for it.
test('the key of a file is used once the file gives it twice in a row', () => {
  const references = new SecretWatch({
    sources: { env: {}, commands: {} },
    execRefreshMs: 1000,
    events: recordEvents().events,
    reportsCommand: false
  })
  const settled = (source: string, key: string) =>
    references.isSettled('default', source, new KeyMaterial(Buffer.from(key), fingerprintKey))
  const half = nextKey.slice(0, 17)
  expect([half, nextKey, half, half, nextKey, nextKey].map(key => settled('file:key', key))).toEqual([
    false,
    false,
    false,
    true,
    false,
    true
  ])
  expect(settled('exec:print-key', half)).toBe(true)
})

test('the key of a file that is written in two steps is used whole', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_KEY: 'file:upstream.key' } })
  try {
    const path = join(scenario.folder, 'upstream.key')
    writeFileSync(path, canaryKey)
    await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    writeFileSync(path, nextKey.slice(0, 17))
    writeFileSync(path, nextKey.slice(17), { flag: 'a' })
    await gateway.process.logged(({ credential }) => credential === 'default@2')
    const { items } = await scenario.json<{ items: { fingerprint: string }[] }>('credential', 'list')
    writeFileSync(join(scenario.folder, 'whole.key'), nextKey)
    const whole = await scenario.json('credential', 'add', 'whole', '--from', 'file:whole.key')
    expect(whole).toMatchObject({ fingerprint: items[0]?.fingerprint })
  } finally {
    await scenario.close()
  }
})
