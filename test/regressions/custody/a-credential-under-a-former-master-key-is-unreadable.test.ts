import { expect } from 'vitest'
import { viewsOf } from '../../../src/custody/credential-views.ts'
import { openMasterKey } from '../../../src/custody/crypto/master-key.ts'
import { openRootKey } from '../../../src/custody/crypto/root-key.ts'
import { readVerified } from '../../../src/custody/manage/manifest.ts'
import { addCredential, rotateCredential } from '../../../src/custody/manage/operations.ts'
import { rewrapCredentials } from '../../../src/custody/manage/rewrap.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import { test } from '../../support/fixtures/test.ts'

const env = Object.fromEntries(
  ['FIRST', 'SECOND', 'THIRD'].map(name => [name, `a master key of enough characters, the ${name}`])
)

// A command that had opened its keys before a rewrap was committed encrypted a key that nothing could open any more.
test('a process with the former master key encrypts no key, and puts no other master key in force', async ({
  store
}) => {
  const administrator = { actor: 'tester', role: 'cli', version: '0.0.0', pid: 1 } as const
  const open = async (name: string) => {
    const keys = await openRootKey(store, `env:${name}`, env)
    return { store, keys, administrator, at: new Date() }
  }
  const before = await open('FIRST')
  changeCredentials(before, addCredential, 'reports', { source: 'file:a.key', fingerprint: '1' })
  const moved = { from: 'env:FIRST', to: 'env:SECOND' }
  const second = await openMasterKey('env:SECOND', env)
  expect(changeCredentials(before, rewrapCredentials, second, moved)).toBe(0)
  const { keys } = await open('SECOND')
  const views = () => viewsOf(readVerified(store.raw, keys).records, new Date())
  const stored = views()

  const version = { source: 'sealed', fingerprint: '2', secret: Buffer.from('bd_v2_key') }
  expect(() => changeCredentials(before, rotateCredential, 'reports', version, 1000)).toThrow(
    expect.objectContaining({ code: 'master_key_wrong' })
  )
  expect(() => changeCredentials(before, addCredential, 'other', version)).toThrow(
    expect.objectContaining({ code: 'master_key_wrong' })
  )
  const third = await openMasterKey('env:THIRD', env)
  expect(() => changeCredentials(before, rewrapCredentials, third, moved)).toThrow(
    expect.objectContaining({ code: 'master_key_wrong' })
  )
  expect(views()).toEqual(stored)
  // What wraps nothing can be changed still: a running gateway goes back from a refused key.
  changeCredentials(before, rotateCredential, 'reports', { source: 'file:b.key', fingerprint: '3' }, 1000)
  expect(views()).toMatchObject([{ version: 2 }])
})
