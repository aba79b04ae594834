import { rmSync, statSync, truncateSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { readHeadRecords } from '../../../src/ledger/writer/head-record.ts'
import { type StoreStory, withStory } from '../../support/scenario/store-story.ts'
import { eventually } from '../../support/scenario/wait.ts'

/** Waits until the record beside the store has caught up with the calls. */
async function recorded({ scenario, gateway }: StoreStory): Promise<void> {
  scenario.ledger.read()
  const last = scenario.ledger.heads.find(({ writer }) => writer === gateway.writer)
  await eventually('the record has caught up', () =>
    readHeadRecords(scenario.storePath).some(({ hash }) => hash === last?.hash)
  )
}

/**
 * Where the log had been cut, the next commit left a hole in it. Calls went on being answered, and with the next checkpoint
 * the hole was copied over the pages of the file: all of the ledger was gone, and the drain ended with 0.
 */
test.each(['to nothing', 'by half'])(
  'once the log is cut %s, calls are refused and readiness says so',
  async how => {
    await withStory(async story => {
      const log = `${story.scenario.storePath}-wal`
      expect(await story.calls(5)).toEqual(Array(5).fill(200))
      await recorded(story)
      truncateSync(log, how === 'by half' ? statSync(log).size >> 1 : 0)
      expect(await story.calls(5)).toEqual(Array(5).fill(503))
      expect((await story.readiness()).body).toContain('ledger_unavailable')
      await story.gateway.process.kill()
      const { code, stderr } = await story.scenario.run('ledger', 'verify')
      expect(code, stderr).toBe(1)
    })
  },
  60_000
)

test('a log that another process has copied into the file and begun again counts as whole', async () => {
  await withStory(async story => {
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    const other = new DatabaseSync(story.scenario.storePath, { timeout: 2000 })
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 })
    other.close()
    expect(statSync(`${story.scenario.storePath}-wal`).size).toBe(0)
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(story.scenario.check()).toEqual([])
  })
}, 60_000)

/** Nothing is asked of the store between its loss and the end. */
test('a gateway that drains after its log was removed ends its chain', async () => {
  await withStory(async story => {
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    rmSync(`${story.scenario.storePath}-wal`)
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(story.scenario.check()).toEqual([])
    expect(story.scenario.ledger.entries().at(-1)).toMatchObject({ kind: 'writer.closed' })
  })
}, 60_000)
