import { describe, expect } from 'vitest'
import type { AuthenticationAttempt } from '../../src/identity/authentication-failure.ts'
import { Directory } from '../../src/identity/directory.ts'
import type { Store } from '../../src/store/store.ts'
import type { TenantPage, TenantRow } from '../../src/tenants/directory-rows.ts'
import {
  readChanges,
  readSnapshot,
  readTenantPage,
  writeKeyUses
} from '../../src/tenants/directory-source.ts'
import { addGrants } from '../../src/tenants/grants.ts'
import { issueKey, listKeys, revokeKey, rotateKey } from '../../src/tenants/keys/keys.ts'
import { createTenant, setTenantDisabled } from '../../src/tenants/tenants.ts'
import { pepper } from '../support/fixtures/temporary-store.ts'
import { test } from '../support/fixtures/test.ts'
import { threadCostMs } from '../support/linear.ts'

const first = { limit: 10 }

describe('a running directory follows every change', () => {
  test('from an empty store on: create, issue, grant, rotate, revoke, disable, enable', async ({
    store,
    administration,
    at
  }) => {
    const directory = new Directory(pepper)
    let last = 0
    async function follow(): Promise<readonly string[]> {
      const changes = await readChanges(store, last)
      if (changes === null) return []
      directory.apply(structuredClone(changes))
      last = changes.lastChange
      return changes.changed
    }
    const admitted = (key: string, time = '2026-01-01T00:00:00Z') =>
      directory.authenticate(key, Date.parse(time))

    const snapshot = await readSnapshot(store)
    expect(snapshot).toEqual({ lastChange: 0, tenants: [], next: null })
    await createTenant(administration, { name: 'acme', rate_per_minute: 5 })
    await createTenant(administration, { name: 'other' })
    const issued = await issueKey(administration, pepper, 'acme', null)
    expect(await follow()).toEqual(['acme', 'other'])
    expect(admitted(issued.key)?.tenant).toMatchObject({ name: 'acme', ratePerMinute: 5, burst: 10 })
    expect(await follow()).toEqual([])

    await addGrants(administration, 'acme', ['*'])
    expect(await follow()).toEqual(['acme'])
    expect([...(admitted(issued.key)?.tenant.connectors ?? [])]).toEqual(['*'])

    const rotated = await rotateKey(administration, pepper, issued.key_id, { overlapMs: 1000 })
    await follow()
    expect(admitted(rotated.key)).not.toBeNull()
    expect(admitted(issued.key, '2026-01-01T00:00:00.999Z')).not.toBeNull()
    expect(admitted(issued.key, '2026-01-01T00:00:01Z')).toBeNull()

    await setTenantDisabled(administration, 'acme', true)
    await follow()
    expect(admitted(rotated.key)).toBeNull()
    await setTenantDisabled(administration, 'acme', false)
    await follow()
    expect(admitted(rotated.key)).not.toBeNull()

    at('2026-01-02T00:00:00Z')
    await revokeKey(administration, rotated.key_id)
    await follow()
    expect(admitted(rotated.key)).toBeNull()
    expect(directory.size).toBe(2)
  })

  test('a snapshot equals what following all changes gives', async ({ store, administration }) => {
    await createTenant(administration, { name: 'acme', connectors: ['*'] })
    await createTenant(administration, { name: 'other', burst: 2 })
    await issueKey(administration, pepper, 'acme', new Date('2027-01-01T00:00:00Z'))
    const changes = await readChanges(store, 0)
    const { lastChange, tenants } = await readSnapshot(store)
    expect({ lastChange, tenants }).toEqual({ lastChange: changes?.lastChange, tenants: changes?.tenants })
    expect(tenants[0]?.keys[0]?.expiresAtMs).toBe(Date.parse('2027-01-01T00:00:00Z'))
  })
})

test('the directory knows the ten keys of each tenant that were revoked last, and no older ones', async ({
  store,
  administration,
  at
}) => {
  const keys = new Map<string, string[]>([
    ['acme', []],
    ['other', []]
  ])
  for (const [tenant, revoked] of keys) {
    await createTenant(administration, { name: tenant })
    for (let n = 0; n < 12; n++) {
      at(`2026-01-02T00:00:${String(n).padStart(2, '0')}Z`)
      const { key, key_id } = await issueKey(administration, pepper, tenant, null)
      await revokeKey(administration, key_id)
      revoked.push(key)
    }
  }
  const [loaded, followed] = [new Directory(pepper), new Directory(pepper)]
  loaded.load(structuredClone(readSnapshot(store)))
  followed.apply(structuredClone(readChanges(store, 0)) ?? { lastChange: 0, changed: [], tenants: [] })
  for (const directory of [loaded, followed])
    for (const [tenant, revoked] of keys)
      for (const [n, key] of revoked.entries()) {
        const attempt: AuthenticationAttempt = { requestId: '', failure: null }
        expect(directory.authenticate(key, 0, attempt)).toBeNull()
        const { failure } = attempt
        if (n < 2) expect(failure).toEqual({ reason: 'unknown' })
        else expect(failure).toEqual({ reason: 'revoked', tenant, keyId: key.slice(4, 20) })
      }
  expect([...loaded.takeUses()]).toEqual([])
})

function* everyPage(store: Store): Generator<readonly TenantRow[]> {
  for (let page: TenantPage = readSnapshot(store); ; page = readTenantPage(store, page.next)) {
    yield page.tenants
    if (page.next === null) return
  }
}

test('10,000 tenants are read in well under a second', async ({ store }) => {
  await store.transact(async () => {
    const tenant = store.raw.prepare('INSERT INTO tenant (name, created_at) VALUES (?, ?)')
    const key = store.raw.prepare('INSERT INTO api_key (id, tenant, digest, created_at) VALUES (?, ?, ?, ?)')
    const grant = store.raw.prepare('INSERT INTO connector_grant VALUES (?, ?, ?)')
    for (let n = 0; n < 10_000; n++) {
      tenant.run(`tenant-${n}`, '')
      key.run(`key-${n}`, `tenant-${n}`, Buffer.alloc(32, n), '')
      grant.run(`tenant-${n}`, '*', '')
    }
  })
  let tenants: TenantRow[] = []
  const costMs = threadCostMs(() => {
    tenants = [...everyPage(store)].flat()
  })
  expect(costMs).toBeLessThan(800)
  expect(new Set(tenants.map(tenant => tenant.name)).size).toBe(10_000)
  expect(tenants).toHaveLength(10_000)
  for (const tenant of tenants) expect(tenant).toMatchObject({ connectors: ['*'], keys: [{}] })
})

describe('key uses', () => {
  test('are shown with the key, and never go back in time', async ({ store, administration }) => {
    await createTenant(administration, { name: 'acme' })
    const { key_id } = await issueKey(administration, pepper, 'acme', null)
    const lastUsed = async () =>
      (await listKeys(store, 'acme', administration.clock(), first)).items[0]?.last_used_at
    expect(await lastUsed()).toBeNull()
    await writeKeyUses(store, new Map([[key_id, Date.parse('2026-01-01T10:00:00Z')]]))
    await writeKeyUses(store, new Map([[key_id, Date.parse('2026-01-01T09:00:00Z')]]))
    await writeKeyUses(store, new Map())
    expect(await lastUsed()).toBe('2026-01-01T10:00:00.000Z')
  })

  test('of more keys than fit in one statement are all written', async ({ store, administration }) => {
    await createTenant(administration, { name: 'acme' })
    await store.transact(async () => {
      const insert = store.raw.prepare(
        `INSERT INTO api_key (id, tenant, digest, created_at) VALUES (?, 'acme', x'00', '')`
      )
      for (let n = 0; n < 12_000; n++) insert.run(`key-${n}`)
    })
    await writeKeyUses(store, new Map(Array.from({ length: 12_000 }, (_, n) => [`key-${n}`, 1])))
    expect(store.raw.prepare('SELECT count(*) AS n FROM api_key_use').get()?.['n']).toBe(12_000)
  })
})
