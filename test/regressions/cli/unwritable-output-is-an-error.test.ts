import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { program } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'

/** A standard output that can be opened and takes nothing, as that of a full disk. */
describe.runIf(existsSync('/dev/full'))('an unwritable standard output is one line and exit 2:', () => {
  test.for([
    ['ledger export'],
    ['ledger verify'],
    ['ledger verify --json'],
    ['--help'],
    ['tenant list']
  ] as const)('%s', async ([words], { cli }) => {
    await cli.json('tenant', 'create', 'acme')
    const script = `node "$0" ${words} > /dev/full`
    const { status, stderr } = spawnSync('sh', ['-c', script, program], {
      cwd: cli.folder,
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8'
    })
    const message = 'standard output cannot be written (ENOSPC)'
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(message)])
    if (words.includes('--json')) expect(JSON.parse(stderr)).toMatchObject({ code: 'output_unwritable' })
    expect(status).toBe(2)
  })
})
