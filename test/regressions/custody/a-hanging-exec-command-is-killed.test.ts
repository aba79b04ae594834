import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SecretWatch } from '../../../src/custody/secrets/watch.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { onThisMachine } from '../../support/run/bounds.ts'
import { canaryKey, Scenario } from '../../support/scenario/scenario.ts'

describe('the command of a reference', () => {
  const work = async () => {}
  const fail = async () => {
    throw new Error('it is down')
  }
  const { events } = recordEvents()
  const options = { sources: { env: {}, commands: {} }, events, reportsCommand: false }
  const vault = ['vault', 'exec:c'] as const

  // It was run four times a second for as long as it failed.
  test('is run again a while after it has failed, and not at once', async () => {
    const clock = { ms: 0 }
    const watch = new SecretWatch({ ...options, execRefreshMs: 300_000, nowMs: () => clock.ms })
    expect(watch.isDue(...vault, true)).toBe(true)
    await expect(watch.run(...vault, fail)).rejects.toThrow('it is down')
    clock.ms = 9_999
    expect([watch.isDue(...vault, true), watch.mayFetch(...vault)]).toEqual([false, false])
    clock.ms = 10_000
    expect([watch.isDue(...vault, true), watch.isDue(...vault, false)]).toEqual([true, true])
    await watch.run(...vault, work)
    clock.ms = 309_999
    expect([watch.isDue(...vault, false), watch.isDue(...vault, true)]).toEqual([false, true])
    clock.ms = 310_000
    expect(watch.isDue(...vault, false)).toBe(true)
  })

  test('is not run while it runs', async () => {
    const watch = new SecretWatch({ ...options, execRefreshMs: 0 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const running = watch.run(...vault, () => promise)
    const isOtherDue = watch.isDue('vault', 'exec:other', true)
    expect([watch.isDue(...vault, true), watch.mayFetch(...vault), isOtherDue]).toEqual([false, false, true])
    resolve()
    await running
    expect(watch.isDue(...vault, false)).toBe(true)
  })
})

// The commands of references were waited for, ten seconds each, before anything else was looked at.
test('a command that hangs holds up neither other credentials nor the end of the gateway', async () => {
  const scenario = await Scenario.start({
    env: { GATEWAY_EXEC_REFRESH_SECONDS: '1', PATH: process.env['PATH'] ?? '' }
  })
  try {
    const script = join(scenario.folder, 'print-key')
    writeFileSync(script, `#!/bin/sh\ntest -e "$0.hangs" && exec sleep 60\necho ${canaryKey}\n`)
    chmodSync(script, 0o700)
    await scenario.json('credential', 'add', 'vault', '--from', `exec:${script}`)
    const gateway = await scenario.startGateway()
    writeFileSync(`${script}.hangs`, '')
    await gateway.process.logged(
      ({ err, event }) => event === 'credential.not_fetched' && /took too long/.test(JSON.stringify(err))
    )
    await scenario.json('credential', 'add', 'other', '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
    await gateway.process.logged(({ credential }) => credential === 'other@1', 2_000)
    const signalledAt = performance.now()
    gateway.process.signal('SIGTERM')
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - signalledAt).toBeLessThan(onThisMachine(5_000))
  } finally {
    await scenario.close()
  }
})
