import { describe, expect, test } from 'vitest'
import { AdminKeyDirectory } from '../../../src/identity/admin-key-directory.ts'
import { readAdminKeys, readNewAdminKeys } from '../../../src/tenants/keys/admin-key-rows.ts'
import { issueAdminKey, listAdminKeys, revokeAdminKey } from '../../../src/tenants/keys/admin-keys.ts'
import { adminKeyPepper, mintApiKey } from '../../../src/tenants/keys/api-key.ts'
import { adminEntries, temporaryStore } from '../../support/fixtures/temporary-store.ts'

const pepper = adminKeyPepper({ derive: () => Buffer.alloc(32, 9) })
const viewer = { name: 'dashboard', role: 'viewer', expiresAt: null } as const
const operator = { name: 'alice', role: 'operator', expiresAt: new Date('2026-01-02T00:00:00Z') } as const

describe('an admin key', () => {
  test('is issued, listed and revoked, each change with its entry', async () => {
    const { store, administration, at } = await temporaryStore()
    const first = await issueAdminKey(administration, pepper, operator)
    expect(first).toMatchObject({ name: 'alice', role: 'operator', key: expect.stringMatching(/^cga_/) })
    at('2026-01-01T00:00:01Z')
    const second = await issueAdminKey(administration, pepper, viewer)
    await revokeAdminKey(administration, second.key_id)
    expect(await revokeAdminKey(administration, second.key_id)).toMatchObject({
      state: 'revoked',
      changed: false
    })
    const now = new Date('2026-01-03T00:00:00Z')
    const { items } = await listAdminKeys(store, now, { limit: 10 })
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ['alice', 'expired'],
      ['dashboard', 'revoked']
    ])
    expect(JSON.stringify(items)).not.toMatch(/digest|secret|cga_/)
    const page = await listAdminKeys(store, now, { limit: 1 })
    const rest = await listAdminKeys(store, now, { limit: 1, cursor: page.next ?? '' })
    expect([...page.items, ...rest.items]).toEqual(items)

    const entries = adminEntries(store)
    expect(entries.map(({ kind, key_id, fields }) => ({ kind, key_id, fields }))).toEqual([
      { kind: 'admin.admin_key.issue', key_id: first.key_id, fields: ['name', 'role', 'expires_at'] },
      { kind: 'admin.admin_key.issue', key_id: second.key_id, fields: ['name', 'role'] },
      { kind: 'admin.admin_key.revoke', key_id: second.key_id, fields: undefined }
    ])
    expect(entries[0]?.['after']).toMatchObject({ name: 'alice', expires_at: '2026-01-02T00:00:00.000Z' })
    for (const { key } of [first, second]) expect(JSON.stringify(entries)).not.toContain(key.slice(21, 64))
  })

  test.each([
    ['admin_key_name_invalid', { ...viewer, name: '' }],
    ['admin_key_name_invalid', { ...viewer, name: 'a b' }],
    ['expiry_invalid', { ...viewer, expiresAt: new Date('2025-12-31') }]
  ])('is refused with %s, and nothing is issued', async (code, wanted) => {
    const { store, administration } = await temporaryStore()
    await expect(issueAdminKey(administration, pepper, wanted)).rejects.toMatchObject({ code })
    expect((await listAdminKeys(store, new Date(), { limit: 1 })).items).toEqual([])
    expect(adminEntries(store)).toEqual([])
  })

  test('with an unknown id cannot be revoked', async () => {
    const { administration } = await temporaryStore()
    await expect(revokeAdminKey(administration, 'nobodys')).rejects.toMatchObject({ code: 'key_not_found' })
  })
})

test('a running directory follows every change, and reads nothing while there is none', async () => {
  const { store, administration } = await temporaryStore()
  const directory = new AdminKeyDirectory(pepper)
  directory.load(readAdminKeys(store))
  const follow = () => {
    const rows = readNewAdminKeys(store, directory.version)
    if (rows) directory.load(structuredClone(rows))
    return rows !== null
  }
  const at = (time: string) => Date.parse(time)
  expect(follow()).toBe(false)
  const { key, key_id } = await issueAdminKey(administration, pepper, operator)
  expect(directory.authenticate(key, 0)).toBeNull()
  expect(follow()).toBe(true)
  expect(follow()).toBe(false)
  expect(directory.authenticate(key, at('2026-01-01T23:59:59.999Z'))).toEqual({
    keyId: key_id,
    role: 'operator'
  })
  expect(directory.authenticate(key, at('2026-01-02T00:00:00Z'))).toBeNull()
  const unknown = mintApiKey(pepper, 'cga').key
  for (const wrong of ['', 'cga_', unknown, key.slice(0, 21) + unknown.slice(21), mintApiKey(pepper).key])
    expect(directory.authenticate(wrong, 0)).toBeNull()

  await revokeAdminKey(administration, key_id)
  expect(follow()).toBe(true)
  expect(directory.authenticate(key, 0)).toBeNull()
})
