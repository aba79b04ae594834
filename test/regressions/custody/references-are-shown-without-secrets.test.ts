import { expect } from 'vitest'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { test } from '../../support/fixtures/test.ts'

// The shape of admin keys was not known to the log.
test.each(['bd_v2_a1b2c3d4e5', 'cgw_abcdefgh_a1b2c3d4e5', 'cga_abcdefgh_a1b2c3d4e5'])(
  'an error that holds a key is logged without it: %s',
  key => {
    const lines: string[] = []
    const logger = createLogger('info', { write: line => void lines.push(line) })
    logger.error({ err: new Error(`cannot use ${key}`) }, 'a bug')
    expect(lines.join('')).toMatch(/cannot use \[key\]/)
    expect(lines.join('')).not.toContain('a1b2c3')
  }
)

// A command may hold what is nobody's business: `list` showed its first word, and these two all of it.
test('the arguments of an exec: command are not shown', async ({ cli }) => {
  const { folder, json, run } = cli
  const reference = `exec:sh -c 'echo bd_v2_of_a_command; : --token hush ${folder}'`
  await json('credential', 'add', 'reports', '--from', reference)
  const master = `exec:sh -c 'echo a master key of enough characters, of a command; : --token hush'`
  const outputs = [
    await json(
      'credential',
      'rotate',
      'reports',
      '--from',
      reference.replace('of_a', 'of_another'),
      '--no-proof'
    ),
    await run(['credential', 'rewrap', '--to', master]),
    await json('ledger', 'list')
  ]
  expect(outputs[0]).toMatchObject({ source: 'exec:sh …' })
  expect(outputs[1]).toMatchObject({ code: 0, stdout: expect.stringContaining('exec:sh …') })
  expect(JSON.stringify(outputs)).not.toContain('hush')
})
