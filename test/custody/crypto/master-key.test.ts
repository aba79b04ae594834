import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openMasterKey } from '../../../src/custody/crypto/master-key.ts'
import { openRootKey } from '../../../src/custody/crypto/root-key.ts'
import { openStore } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/test.ts'

const long = 'a key of 32 characters and a few more'

test('derived keys differ by purpose, are the same each time, and do not contain the master key', async () => {
  const key = await openMasterKey('env:M', { M: long })
  const [first, second] = [key.derive('first'), key.derive('second')]
  expect(first).toHaveLength(32)
  expect(first.equals(second)).toBe(false)
  expect((await openMasterKey('env:M', { M: `${long}\n` })).derive('first')).toEqual(first)
  expect((await openMasterKey('env:M', { M: `${long}x` })).derive('first')).not.toEqual(first)
  expect(JSON.stringify(key)).not.toContain(long)
})

test('a master key of fewer than 32 characters is rejected, and not shown', async () => {
  const failure = await openMasterKey('env:M', { M: 'short-secret' }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'secret_unavailable' })
  expect(String(failure)).not.toContain('short-secret')
})

test('a missing file of the master key is an error unless it may be created', async ({ folder }) => {
  const path = join(folder, 'deep', 'master.key')
  await expect(openMasterKey(`file:${path}`, {})).rejects.toMatchObject({ code: 'secret_unavailable' })
  expect(existsSync(path)).toBe(false)
})

test('a new file of the master key is readable by its owner alone, holds 256 bits, and leaves no temporary file behind', async ({
  folder
}) => {
  const path = join(folder, 'deep', 'master.key')
  const made = await openMasterKey(`file:${path}`, {}, { createIfAbsent: true })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
  expect(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')).toHaveLength(32)
  expect(readdirSync(join(folder, 'deep'))).toEqual(['master.key'])
  const read = await openMasterKey(`file:${path}`, {}, { createIfAbsent: true })
  expect(read.derive('x')).toEqual(made.derive('x'))
})

test('a store remembers its master key: another one is rejected, and no new one is created', async ({
  folder
}) => {
  const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`)
  const path = join(folder, 'master.key')
  writeFileSync(path, long)
  await openRootKey(store, `file:${path}`, {})
  await openRootKey(store, 'env:M', { M: long })
  const another = openRootKey(store, 'env:M', { M: `another ${long}` })
  const failure = await another.catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'master_key_wrong' })
  expect(String(failure)).not.toContain(long)
  rmSync(path)
  await expect(openRootKey(store, `file:${path}`, {}, { createIfAbsent: true })).rejects.toMatchObject({
    code: 'secret_unavailable'
  })
  expect(existsSync(path)).toBe(false)
  store.close()
})
