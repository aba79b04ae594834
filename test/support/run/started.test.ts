import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ScenarioProcess } from '../scenario/process.ts'
import { endStarted, startedAndLiving } from './started.ts'

test('a process that a test leaves running ends with the test, and those from before go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-started-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const start = (name: string) =>
    ScenarioProcess.start(['-e', 'setInterval(() => {}, 60_000)'], { env: {}, folder, name })
  const before = start('before')
  const earlier = startedAndLiving()
  const left = start('left')
  await endStarted(earlier)
  expect(left.ended).toEqual({ code: null, signal: 'SIGKILL' })
  expect(before.ended).toBeNull()
  await endStarted()
  expect(before.ended).not.toBeNull()
  expect(startedAndLiving().size).toBe(0)
})
