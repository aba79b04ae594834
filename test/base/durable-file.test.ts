import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFile, replaceFile } from '../../src/base/durable-file.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'durable-file-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('a file is replaced as a whole, for its owner alone, and nothing is left beside it', () => {
  const here = folder()
  const path = join(here, 'record')
  writeFileSync(path, 'before', { mode: 0o644 })
  replaceFile(path, 'after')
  expect(readFileSync(path, 'utf8')).toBe('after')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(here)).toEqual(['record'])
})

test('a file that exists is not created again and stays unchanged', () => {
  const here = folder()
  const path = join(here, 'key')
  createFile(path, 'first')
  expect(() => createFile(path, 'second')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(readdirSync(here)).toEqual(['key'])
})
