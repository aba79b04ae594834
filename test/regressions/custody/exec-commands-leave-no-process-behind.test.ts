import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fetchSecret } from '../../../src/custody/secrets/reference.ts'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'
import { eventually } from '../../support/scenario/wait.ts'

const folder = folderForFile()

const env = { PATH: process.env['PATH'] }
const options = { timeoutMs: 500 }

const run = (reference: string) => fetchSecret(reference, env, options)

describe('a command', () => {
  const pidFile = () => folder.pathOf('pid')
  const isAlive = () => {
    try {
      return process.kill(Number(readFileSync(pidFile(), 'utf8')), 0)
    } catch {
      return false
    }
  }

  // Only the shell was killed: what it waited for went on, and one more each time that the command was run.
  test.each([
    ['waits for another', 'wait'],
    ['has ended and left another', 'echo a-key-of-a-command'],
    ['fails and leaves another', 'exit 3']
  ])('that %s that holds its output is killed with it', async (_what, then) => {
    const reference = `exec:sh -c 'sleep 60 & echo $! > ${pidFile()}; ${then}'`
    await expect(run(reference)).rejects.toThrow(/gave no secret/)
    await eventually('what it started is gone', () => !isAlive())
  })

  test('may write anything to its standard error, which is not read', async () => {
    const secret = await run(`exec:sh -c 'yes hush | head -c 500000 >&2; echo a-key-of-a-command'`)
    expect(secret.toString()).toBe('a-key-of-a-command')
  })

  test.each([
    ['prints without end', 'yes', /printed too much/],
    ['ignores being asked to end', 'trap "" TERM; sleep 60', /took too long/],
    ['prints a key and fails', 'echo hush; exit 1', /exit code 1/],
    ['kills itself', 'kill -9 $$', /was killed/]
  ])('that %s gives no secret, and nothing that it printed is shown', async (_what, script, why) => {
    const failure = await run(`exec:sh -c '${script}'`).catch((error: unknown) => error as Error)
    expect(failure).toMatchObject({ code: 'secret_unavailable', message: expect.stringMatching(why) })
    expect(JSON.stringify(failure) + String(failure)).not.toContain('hush')
  })
  test('that the system does not start gives no secret', async () => {
    const longestArgument = 128 * 1024
    for (const command of ['/nowhere/command', folder, `true ${'x'.repeat(longestArgument)}`])
      await expect(run(`exec:${command}`)).rejects.toMatchObject({
        code: 'secret_unavailable',
        message: expect.stringMatching(/could not be run \((ENOENT|EACCES|E2BIG)\)$/)
      })
  })
})
