import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readState, readStateFile } from '../../../src/cli/input/state-file.ts'
import { ConfigError, type ConfigIssue } from '../../../src/config/error.ts'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'

const folder = folderForFile()

function faultsOf(work: () => unknown): readonly ConfigIssue[] {
  try {
    work()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

// A file of 100 MB was read for two minutes, until the process ran out of memory and was aborted.
test('a file too large for the memory is rejected before it is parsed as YAML', () => {
  const text = `tenants: {}\n#${'x'.repeat(1 << 24)}\n`
  const detail = 'is longer than 16777216 characters: give it in parts, without --prune'
  expect(faultsOf(() => readState('state.yaml', text))).toEqual([{ key: 'state.yaml', detail }])
})

// What is no UTF-8 was read with replacement characters in its place, and a reference was taken up as another one.
test.each([
  [
    'in a reference',
    Buffer.from("tenants: {}\ncredentials: { a: { from: 'file:/run/sch\xfcssel' } }", 'latin1'),
    'is no text (UTF-8)'
  ],
  ['as UTF-16', Buffer.from('\ufefftenants: {}', 'utf16le'), 'is text in UTF-16: save it as UTF-8']
])('a file that is no UTF-8 is refused as such: %s', (_, bytes, detail) => {
  const file = folder.pathOf('state.yaml')
  writeFileSync(file, bytes)
  expect(faultsOf(() => readStateFile(file))).toEqual([{ key: file, detail }])
})
