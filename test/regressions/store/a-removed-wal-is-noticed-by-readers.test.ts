import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withStory } from '../../support/scenario/store-story.ts'

/**
 * The threads of a process share what SQLite knows of a file. As long as the one that reads had the store open, opening it
 * again on the other took up the index of the log that had been removed.
 */
test('when the write-ahead log is removed while a thread reads, calls go on and no acknowledged call is lost', async () => {
  await withStory(async story => {
    const { scenario } = story
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    expect((await story.history()).status).toBe(200)
    rmSync(`${scenario.storePath}-wal`)
    await story.recovery()
    expect(await story.calls(5)).toEqual(Array(5).fill(200))
    expect((await story.history()).status).toBe(200)
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    expect(scenario.ledger.entries().filter(({ code }) => code === 'accepted')).toHaveLength(11)
    expect((await scenario.run('ledger', 'verify')).code).toBe(0)
  })
})
