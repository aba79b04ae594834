import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readHeadRecords } from '../../src/ledger/writer/head-record.ts'
import { StoreStory, withStory } from '../support/scenario/store-story.ts'
import { eventually } from '../support/scenario/wait.ts'

const degraded = '{"status":"degraded","degraded":["ledger_incomplete"]}'

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
    await eventually('it says so', async () => (await story.readiness()).body === degraded)
    await story.gateway.process.logged(({ incident }) => incident === 'ledger_incomplete')
    expect(await story.calls(3)).toEqual([200, 200, 200])
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    const { code, stdout } = await scenario.run('ledger', 'verify')
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/seq 1: missing/) })
  })
})

test('when a gateway is killed and its log removed, the next start and every check say what is missing', async () => {
  await withStory(async story => {
    const { scenario, gateway } = story
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    const recorded = () => readHeadRecords(scenario.storePath).find(({ writer }) => writer === gateway.writer)
    await eventually('all is recorded', () => (recorded()?.seq ?? 0) >= 11)
    await gateway.process.kill()
    rmSync(`${scenario.storePath}-wal`)
    const next = await scenario.startGateway()
    expect((await story.get('/readyz', next.port)).body).toBe(degraded)
    const line = await next.process.logged(
      ({ incident, writer }) => incident !== undefined && writer === gateway.writer
    )
    expect(line).toMatchObject({ level: 50, acknowledged: 11, stored: 0 })
    const { code, stdout } = await scenario.run('ledger', 'verify')
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringContaining(`writer ${gateway.writer} seq 1: missing`)
    })
  })
})

test('when two gateways write to a store whose log is removed, each keeps all that it has acknowledged', async () => {
  await withStory(async story => {
    const { scenario } = story
    const other = new StoreStory(scenario, await scenario.startGateway(), story.key)
    try {
      for (const one of [story, other]) {
        expect(await one.calls(3)).toEqual([200, 200, 200])
        await one.history()
      }
      for (const ends of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
        for (const end of ends) rmSync(`${scenario.storePath}${end}`)
        for (const one of [story, other, story, other]) await one.recovery()
        for (const one of [story, other]) expect(await one.calls(3)).toEqual([200, 200, 200])
      }
      for (const one of [story, other]) expect(await one.drain()).toMatchObject({ code: 0 })
      expect(scenario.check()).toEqual([])
      expect((await scenario.run('ledger', 'verify')).code).toBe(0)
    } finally {
      other.hangUp()
    }
  })
})
