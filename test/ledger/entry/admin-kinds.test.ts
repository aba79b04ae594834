import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { fingerprintKeyOf } from '../../../src/custody/credential-snapshot.ts'
import { ledgerSigner } from '../../../src/custody/crypto/ledger-signer.ts'
import { openMasterKey } from '../../../src/custody/crypto/master-key.ts'
import { openRootKey, type StoreKeys } from '../../../src/custody/crypto/root-key.ts'
import { fingerprintOf } from '../../../src/custody/key-material.ts'
import { noteMaterial, revertVersion } from '../../../src/custody/manage/automatic-operations.ts'
import { addCredential, removeCredential, rotateCredential } from '../../../src/custody/manage/operations.ts'
import { rewrapCredentials } from '../../../src/custody/manage/rewrap.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import type { NewVersion } from '../../../src/custody/manage/versions.ts'
import { type AdminKind, adminKinds } from '../../../src/ledger/entry/admin-change.ts'
import { prune } from '../../../src/ledger/retention/prune.ts'
import { addGrants, removeGrants } from '../../../src/tenants/grants.ts'
import { issueAdminKey, revokeAdminKey } from '../../../src/tenants/keys/admin-keys.ts'
import { issueKey, revokeKey, rotateKey } from '../../../src/tenants/keys/keys.ts'
import { createTenant, setTenantDisabled, updateTenant } from '../../../src/tenants/tenants.ts'
import { adminEntries, pepper, type TemporaryStore } from '../../support/fixtures/temporary-store.ts'
import { test } from '../../support/fixtures/test.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const start = '2026-01-01T00:00:00.000Z'
const secrets = ['bd_v2_canary_sealed', 'bd_v2_canary_behind', 'hush-hush']

let temporary: TemporaryStore
let keys: StoreKeys
const env = { FIRST: randomBytes(32).toString('hex'), SECOND: randomBytes(32).toString('hex') }
test.beforeEach(async ({ temporaryStore }) => {
  temporary = temporaryStore
  keys = await openRootKey(temporary.store, 'env:FIRST', env)
})

const custody = () => ({
  store: temporary.store,
  keys,
  administrator: temporary.administration.administrator,
  at: temporary.administration.clock()
})
const digestOf = (key: string) => fingerprintOf(Buffer.from(key), fingerprintKeyOf(keys))
const encrypted = (key = 'bd_v2_canary_sealed'): NewVersion => ({
  source: 'sealed',
  fingerprint: digestOf(key),
  secret: Buffer.from(key)
})
const behind = (source: string, key = source): NewVersion => ({ source, fingerprint: digestOf(key) })
const acme = (settings = {}) => createTenant(temporary.administration, { name: 'acme', ...settings })
const key = async () => {
  await acme()
  return await issueKey(temporary.administration, pepper, 'acme', null)
}
const admin = () =>
  issueAdminKey(temporary.administration, pepper, { name: 'alice', role: 'viewer', expiresAt: null })

type ChangedValues = { readonly before?: object; readonly after?: object }

/** For each kind a change of it, and the values that its entry records. A kind that is not here does not compile. */
const changes: Readonly<Record<AdminKind, () => Promise<ChangedValues>>> = {
  'admin.tenant.create': async () => {
    await acme({ rate_per_minute: 5, addresses: ['10.0.0.0/8'] })
    return {
      after: {
        rate_per_minute: 5,
        burst: 10,
        operations: expect.arrayContaining(['sync']),
        addresses: ['10.0.0.0/8'],
        credentials: ['default']
      }
    }
  },
  'admin.tenant.update': async () => {
    await acme({ burst: 7 })
    await updateTenant(temporary.administration, 'acme', { burst: 8, rate_per_minute: 60, operations: [] })
    return {
      before: { burst: 7, operations: expect.arrayContaining(['sync']) },
      after: { burst: 8, operations: [] }
    }
  },
  'admin.tenant.disable': async () => {
    await acme()
    await setTenantDisabled(temporary.administration, 'acme', true)
    return { before: { disabled: false }, after: { disabled: true } }
  },
  'admin.tenant.enable': async () => {
    await acme({ disabled: true })
    await setTenantDisabled(temporary.administration, 'acme', false)
    return { before: { disabled: true }, after: { disabled: false } }
  },
  'admin.grant.add': async () => {
    await acme()
    await addGrants(temporary.administration, 'acme', [connector])
    return { after: { connector } }
  },
  'admin.grant.remove': async () => {
    await acme({ connectors: [connector] })
    await removeGrants(temporary.administration, 'acme', [connector])
    return { before: { connector } }
  },
  'admin.key.issue': async () => {
    await acme()
    await issueKey(temporary.administration, pepper, 'acme', new Date('2026-01-02'))
    return { after: { expires_at: '2026-01-02T00:00:00.000Z' } }
  },
  'admin.key.rotate': async () => {
    const { key_id } = await key()
    const fresh = await rotateKey(temporary.administration, pepper, key_id, { overlapMs: 1000 })
    return {
      before: { expires_at: null, replaced_by: null },
      after: { expires_at: '2026-01-01T00:00:01.000Z', replaced_by: fresh.key_id }
    }
  },
  'admin.key.revoke': async () => {
    await revokeKey(temporary.administration, (await key()).key_id)
    return { before: { revoked_at: null }, after: { revoked_at: start } }
  },
  'admin.admin_key.issue': async () => {
    await admin()
    return { after: { name: 'alice', role: 'viewer', expires_at: null } }
  },
  'admin.admin_key.revoke': async () => {
    await revokeAdminKey(temporary.administration, (await admin()).key_id)
    return { before: { revoked_at: null }, after: { revoked_at: start } }
  },
  'admin.credential.add': async () => {
    changeCredentials(custody(), addCredential, 'reports', behind("exec:cat hush-hush 'bd_v2_canary_behind'"))
    return { after: { source: 'exec:cat …' } }
  },
  'admin.credential.change': async () => {
    changeCredentials(custody(), addCredential, 'reports', behind('file:a', 'one'))
    changeCredentials(custody(), noteMaterial, {
      name: 'reports',
      version: behind('file:a', 'two'),
      graceMs: 1000
    })
    return {
      before: { active: 1, standby: null, standby_until: null },
      after: { active: 2, standby: 1, standby_until: '2026-01-01T00:00:01.000Z' }
    }
  },
  'admin.credential.rotate': async () => {
    changeCredentials(custody(), addCredential, 'reports', behind('exec:TOKEN=hush-hush cat'))
    changeCredentials(custody(), rotateCredential, 'reports', encrypted(), 0)
    return { before: { active: 1, source: 'exec:…' }, after: { active: 2, source: 'sealed' } }
  },
  'admin.credential.revert': async () => {
    changeCredentials(custody(), addCredential, 'reports', behind('file:a', 'one'))
    changeCredentials(custody(), rotateCredential, 'reports', behind('file:a', 'two'), 1000)
    changeCredentials(custody(), revertVersion, { name: 'reports', from: 2, to: 1 })
    return { before: { active: 2, standby: 1 }, after: { active: 1, standby: 2 } }
  },
  'admin.credential.rewrap': async () => {
    changeCredentials(custody(), addCredential, 'reports', encrypted())
    changeCredentials(custody(), rewrapCredentials, await openMasterKey('env:SECOND', env), {
      from: 'env:FIRST',
      to: 'exec:cat hush-hush'
    })
    return {
      before: { master_key: 'env:FIRST', data_keys: null },
      after: { master_key: 'exec:cat …', data_keys: 1 }
    }
  },
  'admin.credential.remove': async () => {
    changeCredentials(custody(), addCredential, 'reports', behind('env:hush-hush'))
    changeCredentials(custody(), removeCredential, 'reports')
    return { before: { source: 'env:…' } }
  },
  'admin.ledger.prune': async () => {
    await acme()
    temporary.at('2026-02-01T00:00:00Z')
    const { store, administration } = temporary
    await prune(store, {
      before: new Date('2026-01-15'),
      archive: join(dirname(store.path), 'archive.ndjson'),
      administrator: administration.administrator,
      signer: ledgerSigner(keys),
      now: administration.clock()
    })
    return {}
  }
}

describe.each(Object.keys(adminKinds) as AdminKind[])('%s', kind => {
  test('records old and new values, by the rule of its kind, and no secret', async () => {
    const expected = await changes[kind]()
    const entry = adminEntriesAfterCut().findLast(one => one.kind === kind)
    expect({ before: entry?.['before'], after: entry?.['after'] }).toEqual({
      before: expected.before,
      after: expected.after
    })
    const held = {
      creates: [false, true],
      changes: [true, true],
      removes: [true, false],
      prunes: [false, false]
    }
    expect([entry?.['before'] !== undefined, entry?.['after'] !== undefined]).toEqual(held[adminKinds[kind]])
    const text = JSON.stringify(entry)
    for (const secret of [...secrets, ...secrets.map(digestOf), env.FIRST, env.SECOND])
      expect(text).not.toContain(secret)
    expect(text.length).toBeLessThan(2000)
  })
})

/** A prune leaves a chain without its beginning, which the check of chains here does not know. */
function adminEntriesAfterCut() {
  const { raw } = temporary.store
  const cut = raw.prepare('SELECT count(*) AS n FROM ledger_cut').get()?.['n']
  if (cut === 0) return adminEntries(temporary.store)
  const rows = raw.prepare('SELECT entry FROM ledger ORDER BY id').all()
  return rows.map(row => JSON.parse(String(row['entry'])))
}

test('no code writes a change of a kind that is not in the list', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts')
  )
  const kinds = sources.flatMap(name => [
    ...readFileSync(join('src', name), 'utf8').matchAll(/'(admin\.[a-z_.]*[a-z])'/g)
  ])
  const named = new Set(kinds.map(([, kind]) => kind))
  expect(named).toEqual(new Set(Object.keys(adminKinds)))
})

test('a long text is shortened', async () => {
  changeCredentials(custody(), addCredential, 'reports', behind(`file:/${'a'.repeat(5000)}`))
  expect(adminEntries(temporary.store).map(({ after }) => after)).toMatchObject([
    { source: expect.stringMatching(/^file:[/]a{249}…$/) }
  ])
})
