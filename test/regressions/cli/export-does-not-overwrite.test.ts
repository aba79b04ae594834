import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeOwned } from '../../../src/cli/output/write-owned.ts'
import { commandLine } from '../../support/cli/command-line.ts'

// The file that export was to replace was emptied first, so that a full disk left neither the old state nor the new one, and
// it stayed readable by everybody if it had been.
test('an export replaces a file as a whole, readable by its owner alone', async () => {
  const cli = commandLine()
  await cli.json('tenant', 'create', 'acme')
  const file = join(cli.folder, 'state.yaml')
  writeFileSync(file, 'before')
  chmodSync(file, 0o644)
  const { ino } = statSync(file)
  symlinkSync(file, join(cli.folder, 'link.yaml'))
  expect(await cli.run(['export', '--output', 'link.yaml'])).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(readFileSync(file, 'utf8')).toContain('acme')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(file).ino).not.toBe(ino)
  expect(readdirSync(cli.folder).filter(name => name.endsWith('.partial'))).toEqual([])
})

test('an export to a folder fails and leaves nothing behind, and one to a pipe is written', async () => {
  const cli = commandLine()
  await cli.json('tenant', 'create', 'acme')
  mkdirSync(join(cli.folder, 'folder'))
  const before = readdirSync(cli.folder)
  expect(await cli.run(['export', '--output', 'folder'])).toMatchObject({ code: 2 })
  expect(() => writeOwned(join(cli.folder, 'nowhere/state.yaml'), '')).toThrow('ENOENT')
  expect(readdirSync(cli.folder)).toEqual(before)
  const pipe = join(cli.folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDWR)
  writeOwned(pipe, 'state')
  expect(readSync(reader, Buffer.alloc(99))).toBe('state'.length)
  closeSync(reader)
  expect(statSync(pipe).isFIFO()).toBe(true)
})
