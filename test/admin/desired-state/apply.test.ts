import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import { applyState, recordsOf } from '../../../src/admin/desired-state/apply.ts'
import { type DesiredState, planState } from '../../../src/admin/desired-state/plan.ts'
import { fingerprintKeyOf } from '../../../src/custody/credential-snapshot.ts'
import { openRootKey, type StoreKeys } from '../../../src/custody/crypto/root-key.ts'
import { fingerprintOf } from '../../../src/custody/key-material.ts'
import { readVerified } from '../../../src/custody/manage/manifest.ts'
import { addCredential } from '../../../src/custody/manage/operations.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import type { NewVersion } from '../../../src/custody/manage/versions.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { newTenant, readStates, type TenantState } from '../../../src/tenants/tenant-state.ts'
import { adminEntries, changeCount, type TemporaryStore } from '../../support/fixtures/temporary-store.ts'
import { test } from '../../support/fixtures/test.ts'

const id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

let temporary: TemporaryStore
let keys: StoreKeys
test.beforeEach(async ({ temporaryStore }) => {
  temporary = temporaryStore
  const env = { MASTER: randomBytes(32).toString('hex') }
  keys = await openRootKey(temporary.store, 'env:MASTER', env)
})

type Drawn = { tenants?: (Partial<TenantState> & { name: string })[]; credentials?: Record<string, string> }

function desiredOf({ tenants = [], credentials }: Drawn): DesiredState {
  return {
    tenants: new Map(tenants.map(state => [state.name, { ...newTenant(state.name), ...state }])),
    credentials: credentials ? new Map(Object.entries(credentials)) : null
  }
}

function versionOf(source: string, key = source): NewVersion {
  return { source, fingerprint: fingerprintOf(Buffer.from(key), fingerprintKeyOf(keys)) }
}

/** Plans and applies, as the command does, with a key behind each reference. */
async function apply(drawn: Drawn, { prune = false, between = () => {} } = {}) {
  const { store, administration } = temporary
  const desired = desiredOf(drawn)
  const current = { tenants: await readStates(store.db), credentials: recordsOf(store.raw, keys) }
  const { credentials: expected } = planState(current, desired, prune)
  const versions = new Map(
    expected.flatMap(({ credential, after }) => (after ? [[credential, versionOf(after)] as const] : []))
  )
  between()
  return await applyState(administration, { desired, prune, keys, expected, versions })
}

/** All that the store holds, to be compared. */
function contents(): string {
  const { raw } = temporary.store
  const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  return JSON.stringify(tables.map(({ name }) => raw.prepare(`SELECT * FROM "${String(name)}"`).all()))
}

function entries() {
  return adminEntries(temporary.store).map(({ kind, tenant, connector_id, credential, fields }) =>
    [kind, tenant ?? credential, connector_id ?? (fields as string[] | undefined)?.join()].join(' ').trim()
  )
}

const first: Drawn = {
  tenants: [
    { name: 'acme', rate_per_minute: 987_654_321, connectors: ['*', id] },
    { name: 'off', disabled: true }
  ],
  credentials: { reports: 'file:a' }
}

test('the changes of an apply are one chain of entries, with the fields and their values', async () => {
  await apply(first)
  expect(entries()).toEqual([
    'admin.tenant.create acme rate_per_minute',
    'admin.grant.add acme *',
    `admin.grant.add acme ${id}`,
    'admin.tenant.create off',
    'admin.tenant.disable off',
    'admin.credential.add reports@1 source'
  ])
  expect(new Set(adminEntries(temporary.store).map(({ writer }) => writer)).size).toBe(1)
  expect(adminEntries(temporary.store).map(({ after }) => after)).toMatchObject([
    { rate_per_minute: 987_654_321 },
    { connector: '*' },
    { connector: id },
    { rate_per_minute: 60 },
    { disabled: true },
    { source: 'file:a' }
  ])
  expect(changeCount(temporary.store)).toBe(2)
  const verified = await verifyLedger(readStore(temporary.store.raw))
  expect(verified.faults).toEqual([])
  expect(readVerified(temporary.store.raw, keys).generation).toBe(1)
})

test('a second apply writes nothing', async () => {
  await apply(first)
  const before = contents()
  temporary.at('2026-01-02T00:00:00Z')
  expect(await apply(first)).toMatchObject({ tenants: [], credentials: [], summary: { unchanged: 3 } })
  expect(contents()).toBe(before)
})

test('an apply changes what differs, and resets what the file leaves out to its default', async () => {
  await apply(first)
  const next: Drawn = { tenants: [{ name: 'acme', connectors: [id] }], credentials: { reports: 'file:b' } }
  const plan = await apply(next)
  expect(plan.summary).toEqual({ create: 0, change: 2, prune: 0, unchanged: 0, unnamed: 1 })
  expect(entries().slice(6)).toEqual([
    'admin.tenant.update acme rate_per_minute',
    'admin.grant.remove acme *',
    'admin.credential.rotate reports@2 active,standby'
  ])
  const { records } = readVerified(temporary.store.raw, keys)
  expect(records.credentials).toMatchObject([
    { active: 2, standby: 1, standby_until: '2026-01-01T01:00:00.000Z' }
  ])
})

test('a prune disables a tenant, removes its grants and keeps the rest; it removes references that nobody uses', async () => {
  const credentials = { used: 'file:a', idle: 'file:b' }
  await apply({ tenants: [{ name: 'acme', burst: 5, connectors: [id], credentials: ['used'] }], credentials })
  const nothing: Drawn = { tenants: [], credentials: {} }
  const plan = await apply(nothing, { prune: true })
  expect(plan.warnings).toEqual(['credential used stays: tenant acme uses it'])
  expect(entries().slice(4)).toEqual([
    'admin.tenant.disable acme',
    `admin.grant.remove acme ${id}`,
    'admin.credential.remove idle@1'
  ])
  expect((await readStates(temporary.store.db)).get('acme')).toMatchObject({
    disabled: true,
    burst: 5,
    credentials: ['used'],
    connectors: []
  })
  const before = contents()
  await apply(nothing, { prune: true })
  expect(contents()).toBe(before)
})

describe('an apply changes nothing, not even tenants, when', () => {
  test('others have changed the credentials meanwhile', async () => {
    await apply(first)
    let before = ''
    function rotateElsewhere(): void {
      const { administration, store } = temporary
      const custody = { ...administration, store, keys, at: new Date('2026-01-01T00:00:00Z') }
      changeCredentials(custody, addCredential, 'new', versionOf('file:elsewhere'))
      before = contents()
    }
    const next: Drawn = { tenants: [{ name: 'beta' }], credentials: { new: 'file:n' } }
    await expect(apply(next, { between: rotateElsewhere })).rejects.toMatchObject({ code: 'state_changed' })
    expect(contents()).toBe(before)
  })

  test('a credential fails in the middle', async () => {
    await apply(first)
    const before = contents()
    const desired = desiredOf({ tenants: [{ name: 'beta' }], credentials: { a: 'file:a', b: 'file:b' } })
    const { administration, store } = temporary
    const current = { tenants: await readStates(store.db), credentials: recordsOf(store.raw, keys) }
    const { credentials: expected } = planState(current, desired, false)
    const versions = new Map([['a', versionOf('file:a')]])
    const change = { desired, prune: false, keys, expected, versions }
    await expect(applyState(administration, change)).rejects.toThrow(/credential b was not fetched/)
    expect(contents()).toBe(before)
  })

  test('the rows of credentials are not what was stored', async () => {
    await apply(first)
    const { administration, store } = temporary
    store.raw.exec("UPDATE credential_version SET source = 'exec:evil'")
    const before = contents()
    const desired = desiredOf({ tenants: [{ name: 'beta' }], credentials: {} })
    const change = { desired, prune: false, keys, expected: [], versions: new Map() }
    await expect(applyState(administration, change)).rejects.toMatchObject({ code: 'credentials_damaged' })
    expect(contents()).toBe(before)
  })
})

test('a later command finds the rows as they were stored', async () => {
  await apply(first)
  const { administration, store } = temporary
  const custody = { ...administration, store, keys, at: new Date('2026-01-01T00:00:00Z') }
  const names = changeCredentials(custody, ({ records }) => records.credentials.map(({ name }) => name))
  expect(names).toEqual(['reports'])
})
