import { readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attach, noStrace } from '../../support/disk/strace.ts'
import { noOldSqlite, openAndCloseByOldSqlite } from '../../support/fixtures/old-sqlite.ts'
import { type StoreStory, withStory } from '../../support/scenario/store-story.ts'
import { eventually } from '../../support/scenario/wait.ts'

/** The locks that a process holds on a file, as the kernel lists them. */
function locksOf(pid: number, path: string): string[] {
  const { ino } = statSync(path)
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter(line => line.includes(` ${pid} `) && line.includes(`:${ino} `))
}

/** Returns whether a call was refused for it. */
async function failOneSync(story: StoreStory): Promise<boolean> {
  const once = 'inject=fdatasync,fsync:error=EIO:when=1'
  const tracer = await attach(story.gateway.process.pid, '-e', 'trace=fdatasync,fsync', '-e', once)
  try {
    return (await story.calls(2)).includes(503)
  } finally {
    await tracer.detach()
  }
}

test.skipIf(noStrace !== false || noOldSqlite !== false)(
  'after a failed sync the store is still locked, and who opens and closes it takes nothing away',
  async () => {
    await withStory(async story => {
      const { scenario, gateway } = story
      expect(await story.calls(8)).toEqual(Array(8).fill(200))
      expect((await story.history()).status).toBe(200)
      expect(locksOf(gateway.process.pid, scenario.storePath)).not.toEqual([])
      // The record beside the store is synced now and then, too: then no call is refused, and the next sync has to fail.
      await eventually('the sync of a commit fails', () => failOneSync(story), { withinMs: 30_000 })
      await story.recovery()
      await story.history()
      expect(locksOf(gateway.process.pid, scenario.storePath)).not.toEqual([])
      openAndCloseByOldSqlite(scenario.storePath)
      expect(await story.calls(11)).toEqual(Array(11).fill(200))
      expect(await story.drain()).toMatchObject({ code: 0 })
      expect(scenario.check()).toEqual([])
      expect((await scenario.run('ledger', 'verify')).code).toBe(0)
    })
  }
)
