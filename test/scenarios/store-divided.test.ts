import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { eventually } from '../support/scenario-wait.ts'
import { withStory } from '../support/store-story.ts'

/**
 * Whoever opens the store without the log that a gateway writes to sees the store as it was before, and begins another log.
 * Not both can be kept.
 */
test('when a change is written beside a gateway whose log was removed, the ledger is not whole, and every call is there', async () => {
  await withStory(async story => {
    const { scenario } = story
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    rmSync(`${scenario.storePath}-wal`)
    rmSync(`${scenario.storePath}-shm`)
    expect(await scenario.run('tenant', 'create', 'beside')).toMatchObject({ code: 0 })
    await story.recovery()
    const degraded = '{"status":"degraded","degraded":["ledger_incomplete"]}'
    await eventually('it says so', async () => (await story.readiness()).body === degraded)
    await story.gateway.process.logged(({ incident }) => incident === 'ledger_incomplete')
    expect(await story.calls(3)).toEqual([200, 200, 200])
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    const { code, stdout } = await scenario.run('ledger', 'verify')
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/seq 1: missing/) })
  })
}, 60_000)
