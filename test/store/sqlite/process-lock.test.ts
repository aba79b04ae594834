import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { takeProcessLock } from '../../../src/store/sqlite/process-lock.ts'
import { test } from '../../support/fixtures/test.ts'

let path: string
test.beforeEach(({ folder }) => {
  path = join(folder, 'locks', 'one.lock')
})

/** Another process that tries to take the lock and tells whether it has it. */
async function otherProcess(): Promise<{ child: ChildProcess; holds: boolean }> {
  const child = fork(join(import.meta.dirname, 'lock-holder.ts'), [path], { execArgv: [] })
  const [holds] = (await once(child, 'message')) as [boolean]
  return { child, holds }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

test('a lock has one holder at a time, in one process and in two', async () => {
  const lock = takeProcessLock(path)
  expect(lock).not.toBeNull()
  expect(takeProcessLock(path)).toBeNull()
  const other = await otherProcess()
  expect(other.holds).toBe(false)
  await kill(other.child)
  lock?.release()
})

test('a failed attempt does not take the lock from its holder', async () => {
  const lock = takeProcessLock(path)
  for (let attempt = 0; attempt < 3; attempt++) expect(takeProcessLock(path)).toBeNull()
  const other = await otherProcess()
  expect(other.holds).toBe(false)
  await kill(other.child)
  lock?.release()
})

test('SIGKILL releases the lock', async () => {
  const { child, holds } = await otherProcess()
  expect(holds).toBe(true)
  expect(takeProcessLock(path)).toBeNull()
  await kill(child)
  const lock = takeProcessLock(path)
  expect(lock).not.toBeNull()
  lock?.release()
})

test('a released lock leaves no file and can be taken again', () => {
  takeProcessLock(path)?.release()
  expect(existsSync(path)).toBe(false)
  const again = takeProcessLock(path)
  expect(again).not.toBeNull()
  again?.release()
})
