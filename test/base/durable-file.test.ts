import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createFile, replaceFile } from '../../src/base/durable-file.ts'
import { test } from '../support/fixtures/test.ts'

test('a file is replaced as a whole, for its owner alone, and nothing is left beside it', ({ folder }) => {
  const path = join(folder, 'record')
  writeFileSync(path, 'before', { mode: 0o644 })
  replaceFile(path, 'after')
  expect(readFileSync(path, 'utf8')).toBe('after')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['record'])
})

test('a file that exists is not created again and stays unchanged', ({ folder }) => {
  const path = join(folder, 'key')
  createFile(path, 'first')
  expect(() => createFile(path, 'second')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(readdirSync(folder)).toEqual(['key'])
})
