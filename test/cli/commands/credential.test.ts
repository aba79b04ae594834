import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect } from 'vitest'
import { type CommandLine, type Finished, program } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'
import { processEnvironment } from '../../support/run/bounds.ts'

const secret = 'bd_v2_canary_of_the_command_line'

/** Runs a command with a text on its standard input. */
function runWith(input: string, cli: CommandLine, words: string[]): Promise<Finished> {
  return cli.run(words, {}, input)
}

/** The same as a process of its own. */
async function runProcessWith(input: string, cli: CommandLine, words: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: cli.folder,
    env: { ...processEnvironment, TMPDIR: cli.folder }
  })
  child.stdin.end(input)
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr)
  ])
  return { code, stdout, stderr }
}

test('a credential comes from standard input or by reference, is listed without its key, and can be removed', async ({
  cli
}) => {
  const added = await runProcessWith(`${secret}\n`, cli, [
    'credential',
    'add',
    'default',
    '--stdin',
    '--json'
  ])
  expect(added).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(added.stdout)).toEqual({
    credential: 'default',
    version: 1,
    source: 'sealed',
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    since: expect.stringMatching(/Z$/),
    follows_setting: false,
    standby: null
  })
  writeFileSync(join(cli.folder, 'second.key'), secret)
  await cli.json('credential', 'add', 'second', '--from', 'file:second.key')
  await cli.json('credential', 'add', 'third', '--from', "exec:sh -c 'cat second.key'")
  const { items } = await cli.json('credential', 'list')
  expect(items).toMatchObject([
    { credential: 'default', source: 'sealed' },
    { credential: 'second', source: 'file:second.key' },
    { credential: 'third', source: 'exec:sh …' }
  ])
  // The same key under the same store.
  expect(new Set((items as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint)).size).toBe(1)
  const people = await cli.run(['credential', 'list'])
  expect(people.stdout.split('\n').every(line => line.length <= 100)).toBe(true)

  await cli.json('credential', 'remove', 'second')
  await cli.json('credential', 'add', 'second', '--from', 'file:second.key')
  expect((await cli.json('credential', 'list'))['items']).toMatchObject([{}, { version: 2 }, {}])
  const entries = await cli.json('ledger', 'list', '--kind', 'admin.credential.*')
  expect(entries['items']).toMatchObject([
    { kind: 'admin.credential.add', credential: 'second@2', generation: 5 },
    { kind: 'admin.credential.remove', credential: 'second@1', generation: 4 },
    { credential: 'third@1', fields: ['source'] },
    { credential: 'second@1' },
    { credential: 'default@1', actor: expect.stringMatching(/^cli:/) }
  ])
  expect(JSON.stringify([added, items, people, entries])).not.toContain(secret)
})

describe('a credential command is refused, and nothing is changed:', () => {
  const cases: [what: string, words: string[], input: string, exit: number, code: string][] = [
    ['no key', ['add', 'x'], '', 2, 'usage_invalid'],
    ['an empty key', ['add', 'x', '--stdin'], ' \n', 2, 'secret_unavailable'],
    ['a key that no header can hold', ['add', 'x', '--stdin'], 'two\nlines', 2, 'secret_unavailable'],
    ['a key that is too long', ['add', 'x', '--stdin'], 'k'.repeat(9000), 2, 'secret_unavailable'],
    ['two sources', ['add', 'x', '--stdin', '--from', 'env:A'], secret, 2, 'usage_invalid'],
    ['the key as an argument', ['add', 'x', secret], '', 2, 'usage_invalid'],
    ['the key as a reference', ['add', 'x', '--from', secret], '', 2, 'secret_unavailable'],
    ['a file that is not there', ['add', 'x', '--from', 'file:nowhere'], '', 2, 'secret_unavailable'],
    ['a command that fails', ['add', 'x', '--from', 'exec:false'], '', 2, 'secret_unavailable'],
    ['a name of another form', ['add', 'X y', '--stdin'], secret, 2, 'credential_name_invalid'],
    ['a name that is taken', ['add', 'taken', '--stdin'], secret, 1, 'credential_exists'],
    [
      'rotating to the same key',
      ['rotate', 'taken', '--stdin', '--no-proof'],
      secret,
      1,
      'credential_unchanged'
    ],
    ['rotating what is not there', ['rotate', 'nobody', '--stdin'], secret, 1, 'credential_not_found'],
    ['removing what is not there', ['remove', 'nobody'], '', 1, 'credential_not_found'],
    ['removing what a tenant uses', ['remove', 'taken'], '', 1, 'credential_in_use'],
    ['a master key that is too short', ['rewrap', '--to', 'env:HOME'], '', 2, 'secret_unavailable']
  ]

  test('each with its code, one line, and never the key', async ({ cli }) => {
    expect(await runWith(secret, cli, ['credential', 'add', 'taken', '--stdin'])).toMatchObject({ code: 0 })
    await cli.json('tenant', 'create', 'user')
    await cli.json('tenant', 'update', 'user', '--credentials', 'other,taken')
    const before = await cli.json('credential', 'list')
    for (const [what, words, input, exit, code] of cases) {
      const failed = await runWith(input, cli, ['credential', ...words, '--json'])
      expect({ what, exit: failed.code, stdout: failed.stdout }).toEqual({ what, exit, stdout: '' })
      expect(JSON.parse(failed.stderr), what).toMatchObject({ code })
      expect(failed.stderr, what).not.toContain(secret)
    }
    expect(await cli.json('credential', 'list')).toEqual(before)
  })
})

test('a new key that an unreachable upstream cannot verify changes nothing', async ({ cli }) => {
  await runWith(secret, cli, ['credential', 'add', 'default', '--stdin'])
  writeFileSync(join(cli.folder, 'gateway.yaml'), 'GATEWAY_UPSTREAM_ORIGIN: http://127.0.0.1:9\n')
  const failed = await runWith('bd_v2_next', cli, ['credential', 'rotate', 'default', '--stdin'])
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toMatch(/could not be verified \(upstream_unreachable: refused\)/)
  expect((await cli.json('credential', 'list'))['items']).toMatchObject([{ version: 1, standby: null }])
})

test('rotate warns of a new key that the upstream accepts and leaks in its answer', async ({
  cli,
  startSandbox
}) => {
  const keys = ['bd_v2_canary_that_is_the_second', 'bd_v2_canary_that_is_the_third']
  const sandbox = await startSandbox({ keys })
  await runWith(secret, cli, ['credential', 'add', 'default', '--stdin'])
  writeFileSync(join(cli.folder, 'gateway.yaml'), `GATEWAY_UPSTREAM_ORIGIN: ${sandbox.origin}\n`)
  const rotate = ['credential', 'rotate', 'default', '--stdin']
  sandbox.faults.add({ fault: 'key-echo', times: 2 })
  const people = await runWith(keys[0] ?? '', cli, rotate)
  expect(people).toMatchObject({ code: 0, stderr: '' })
  expect(people.stdout).toContain(
    '\nThe answer of the upstream contained the new key: rotate again, and report the leak to the upstream.\n'
  )
  const shown = await runWith(keys[1] ?? '', cli, [...rotate, '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({ version: 3, proven: true, echoed: true })
  expect(people.stdout + shown.stdout).not.toContain('canary')
})
