import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openMasterKey } from '../../../src/custody/crypto/master-key.ts'
import { fetchSecret } from '../../../src/custody/secrets/reference.ts'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'

const folder = folderForFile()

// A pipe without a writer held up the whole process, and a large file was read whole, four times a second.
test.each([
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path]), 'it is no regular file'],
  ['a device without an end', (path: string) => symlinkSync('/dev/zero', path), 'it is no regular file'],
  ['a file of gigabytes', makeHuge, 'it has more than 65536 bytes']
])('%s in the place of a secret is refused at once', async (what, make, why) => {
  const path = folder.pathOf(what.replaceAll(' ', '-'))
  make(path)
  const before = process.memoryUsage().rss
  await expect(fetchSecret(`file:${path}`, {})).rejects.toThrow(`file:${path} cannot be read (${why})`)
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
})

// Decoded as text, its bytes became the same few characters: such a key had half of its bits.
test('a master key that is not UTF-8 is rejected, not read as another one', async () => {
  const path = folder.pathOf('bytes.key')
  writeFileSync(path, Buffer.from(Array.from({ length: 48 }, (_, index) => 0x80 + index)))
  await expect(openMasterKey(`file:${path}`, {})).rejects.toThrow(/is no text/)
})

function makeHuge(path: string): void {
  writeFileSync(path, 'bd_v2_key\n')
  truncateSync(path, 2 ** 32)
}
