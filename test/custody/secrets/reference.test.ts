import { chmodSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { resolveSecret } from '../../../src/custody/secrets/reference.ts'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'

const folder = folderForFile()

function file(content: string | Buffer): string {
  const path = folder.pathOf(`${Math.random()}`)
  writeFileSync(path, content)
  chmodSync(path, 0o600)
  return `file:${path}`
}

test('a secret comes from the environment or from a file, without the line end of an editor', () => {
  expect(resolveSecret('env:KEY', { KEY: 'bd_a' }).toString()).toBe('bd_a')
  expect(resolveSecret(file('bd_b\n'), {}).toString()).toBe('bd_b')
  expect(resolveSecret(file('\ufeff bd_c\r\n'), {}).toString()).toBe('bd_c')
})

describe('an unavailable secret is reported by its reference, and nothing that was read is shown:', () => {
  const cases: [string, string, Record<string, string>, string][] = [
    ['not set', 'env:ABSENT', { OTHER: 'hush' }, 'env:ABSENT is not set'],
    ['empty', 'env:KEY', { KEY: '' }, 'env:KEY is empty'],
    ['only white space', 'env:KEY', { KEY: ' \n' }, 'env:KEY is empty'],
    ['no file', 'file:/nowhere/key', {}, 'file:/nowhere/key cannot be read (ENOENT)'],
    ['a folder', 'file:/', {}, 'file:/ cannot be read (EISDIR)'],
    [
      'another scheme',
      'http:hush',
      {},
      'a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND'
    ],
    [
      'the secret itself',
      'hush',
      {},
      'a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND'
    ]
  ]

  test.each(cases)('%s', (_what, reference, env, message) => {
    const read = () => resolveSecret(reference, env)
    expect(read).toThrow(expect.objectContaining({ code: 'secret_unavailable' }))
    expect(read).toThrow(message)
    expect(read).not.toThrow(/hush/)
  })
})
