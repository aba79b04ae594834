import { expect } from 'vitest'
import { openRootKey } from '../../../src/custody/crypto/root-key.ts'
import { noteMaterial } from '../../../src/custody/manage/automatic-operations.ts'
import { addCredential, rotateCredential } from '../../../src/custody/manage/operations.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import { test } from '../../support/fixtures/test.ts'

// The gateway took the answer for the version of the key that it had just read, and called with that.
test('the key of a former reference does not become a version of the credential', async ({ store }) => {
  const keys = await openRootKey(store, 'env:M', { M: 'a master key that opens nothing but this store' })
  const administrator = { actor: 'tester', role: 'cli', version: '0.0.0', pid: 1 } as const
  const administration = { store, keys, administrator, at: new Date() }
  changeCredentials(administration, addCredential, 'reports', {
    source: 'file:first.key',
    fingerprint: '1'
  })
  changeCredentials(
    administration,
    rotateCredential,
    'reports',
    { source: 'file:second.key', fingerprint: '2' },
    1000
  )
  const note = (source: string, fingerprint: string) =>
    changeCredentials(administration, noteMaterial, {
      name: 'reports',
      version: { source, fingerprint },
      graceMs: 1000
    })
  expect(note('file:first.key', '3')).toEqual({ version: 0, changed: false })
  expect(note('file:second.key', '2')).toEqual({ version: 2, changed: false })
  expect(note('file:second.key', '4')).toEqual({ version: 3, changed: true })
})
