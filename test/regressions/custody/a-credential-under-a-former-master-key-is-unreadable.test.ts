import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listCredentials } from '../../../src/custody/credential-views.ts'
import { openMasterKey } from '../../../src/custody/crypto/master-key.ts'
import { openRootKey } from '../../../src/custody/crypto/root-key.ts'
import { activateVersion, addCredential } from '../../../src/custody/manage/commands.ts'
import { rewrapCredentials } from '../../../src/custody/manage/rewrap.ts'
import { openStore } from '../../../src/store/store.ts'

const env = Object.fromEntries(
  ['FIRST', 'SECOND', 'THIRD'].map(name => [name, `a master key of enough characters, the ${name}`])
)

// A command that had opened its keys before a rewrap was committed sealed a key that nothing could open any more.
test('a key is not sealed, nor another master key put in force, by who still holds the one before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-rewrap-'))
  const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`)
  try {
    const administrator = { actor: 'tester', role: 'cli', version: '0.0.0', pid: 1 } as const
    const open = (name: string) => {
      const keys = openRootKey(store, `env:${name}`, env)
      return { store, keys, administrator, at: new Date() }
    }
    const before = open('FIRST')
    addCredential(before, 'reports', { source: 'file:a.key', fingerprint: '1' })
    const moved = { from: 'env:FIRST', to: 'env:SECOND' }
    expect(rewrapCredentials(before, openMasterKey('env:SECOND', env), moved)).toBe(0)
    const views = () => listCredentials(store.raw, open('SECOND').keys, new Date())
    const stored = views()

    const version = { source: 'sealed', fingerprint: '2', secret: Buffer.from('bd_v2_key') }
    expect(() => activateVersion(before, 'reports', version, 1000)).toThrow(
      expect.objectContaining({ code: 'master_key_wrong' })
    )
    expect(() => addCredential(before, 'other', version)).toThrow(
      expect.objectContaining({ code: 'master_key_wrong' })
    )
    expect(() => rewrapCredentials(before, openMasterKey('env:THIRD', env), moved)).toThrow(
      expect.objectContaining({ code: 'master_key_wrong' })
    )
    expect(views()).toEqual(stored)
    // What wraps nothing can be changed still: a running gateway goes back from a refused key.
    activateVersion(before, 'reports', { source: 'file:b.key', fingerprint: '3' }, 1000)
    expect(views()).toMatchObject([{ version: 2 }])
  } finally {
    store.close()
    rmSync(folder, { recursive: true })
  }
})
