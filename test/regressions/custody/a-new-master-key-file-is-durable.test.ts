import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { noStrace } from '../../support/disk/strace.ts'
import { test } from '../../support/fixtures/test.ts'

const masterKey = join(import.meta.dirname, '../../../src/custody/crypto/master-key.ts')

// Its content was on the disk and its name was not: after a power cut, a store that was put under it opened no more.
test.skipIf(noStrace)(
  'a master key that is made is on the disk, by its name too, before it is used',
  ({ folder }) => {
    const code = `import(${JSON.stringify(masterKey)}).then(({ openMasterKey }) =>
      openMasterKey('file:${folder}/master.key', {}, { createIfAbsent: true }))`
    const words = ['-f', '-y', '-e', 'trace=link,linkat,fsync', process.execPath, '-e', code]
    const { stderr } = spawnSync('strace', words, { encoding: 'utf8' })
    const done = stderr.split('\n').flatMap(line => {
      const [, call, of] = /\b(linkat|link|fsync)\((?:\d+<([^>]*)>)?/.exec(line) ?? []
      return call && line.includes(folder) ? [`${call.replace('linkat', 'link')} ${of ?? ''}`.trim()] : []
    })
    expect(done).toEqual([expect.stringMatching(/^fsync .*\.partial$/), 'link', `fsync ${folder}`])
  }
)
