import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commandLine, program } from '../../support/cli/command-line.ts'

/** A standard output that can be opened and takes nothing, as that of a full disk. */
describe.runIf(existsSync('/dev/full'))('an unwritable standard output is one line and exit 2:', () => {
  test.each([['ledger export'], ['ledger verify'], ['ledger verify --json'], ['--help'], ['tenant list']])(
    '%s',
    async words => {
      const cli = commandLine()
      await cli.json('tenant', 'create', 'acme')
      const script = `node "$0" ${words} > /dev/full`
      const { status, stderr } = spawnSync('sh', ['-c', script, program], {
        cwd: cli.folder,
        env: { PATH: process.env['PATH'] },
        encoding: 'utf8'
      })
      const told = 'standard output cannot be written (ENOSPC)'
      expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(told)])
      if (words.includes('--json')) expect(JSON.parse(stderr)).toMatchObject({ code: 'output_unwritable' })
      expect(status).toBe(2)
    }
  )
})
