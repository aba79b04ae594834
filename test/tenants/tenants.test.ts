import { describe, expect, test } from 'vitest'
import { createTenant, listTenants, setTenantDisabled, showTenant } from '../../src/tenants/tenants.ts'
import { adminEntries, changeCount, temporaryStore } from '../support/fixtures/temporary-store.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

describe('createTenant', () => {
  test('writes the tenant, its grants, their ledger entries and one notice', async () => {
    const { store, administration } = await temporaryStore()
    const wanted = { name: 'acme', burst: 3, connectors: [connector.toUpperCase(), '*'] }
    const created = await createTenant(administration, wanted)
    expect(created).toEqual({
      tenant: 'acme',
      disabled: false,
      created_at: '2026-01-01T00:00:00.000Z',
      disabled_at: null,
      rate_per_minute: 60,
      burst: 3,
      operations: ['sync', 'read'],
      addresses: null,
      credentials: ['default'],
      connectors: ['*', connector]
    })
    expect(await showTenant(store, 'acme')).toEqual(created)
    expect(adminEntries(store)).toMatchObject([
      { kind: 'admin.tenant.create', tenant: 'acme', actor: 'cli:tester', fields: ['burst'] },
      { kind: 'admin.grant.add', tenant: 'acme', connector_id: connector },
      { kind: 'admin.grant.add', tenant: 'acme', connector_id: '*' }
    ])
    expect(changeCount(store)).toBe(1)
  })

  test.each([
    ['tenant_exists', { name: 'taken' }],
    ['tenant_name_invalid', { name: '' }],
    ['tenant_name_invalid', { name: 'Acme' }],
    ['tenant_name_invalid', { name: '-acme' }],
    ['tenant_name_invalid', { name: 'a'.repeat(64) }],
    ['tenant_name_invalid', { name: 'acme\n' }],
    ['limit_invalid', { name: 'acme', rate_per_minute: 0 }],
    ['limit_invalid', { name: 'acme', burst: 1.5 }],
    ['connector_id_invalid', { name: 'acme', connectors: ['*', 'x'] }]
  ])('refuses with %s and leaves no trace: %j', async (code, wanted) => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'taken' })
    await expect(createTenant(administration, wanted)).rejects.toMatchObject({ code })
    expect((await listTenants(store, { limit: 10 })).items).toHaveLength(1)
    expect(adminEntries(store)).toHaveLength(1)
    expect(changeCount(store)).toBe(1)
  })
})

describe('listTenants', () => {
  test('gives every tenant once, in the order of names, whatever the page size', async () => {
    const { store, administration } = await temporaryStore()
    const names = ['a', 'a-1', 'a.1', 'b', 'c0', 'd_', 'e'].sort()
    for (const name of names.toReversed()) await createTenant(administration, { name })
    for (const limit of [1, 2, 3, 7, 8]) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await listTenants(store, { limit, cursor })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map(tenant => tenant.tenant))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(seen).toEqual(names)
    }
  })

  test('refuses a cursor that is not from a list', async () => {
    const { store } = await temporaryStore()
    for (const cursor of ['!', 'YQ==', 'YQpi', 'AAA='])
      await expect(listTenants(store, { limit: 1, cursor })).rejects.toMatchObject({
        code: 'cursor_invalid'
      })
  })
})

describe('disabling and enabling', () => {
  test('take effect once: a repetition adds no entry and no notice', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme' })
    const changed: boolean[] = []
    for (const disabled of [false, true, true, false])
      changed.push((await setTenantDisabled(administration, 'acme', disabled)).changed)
    expect(changed).toEqual([false, true, false, true])
    expect(
      adminEntries(store)
        .slice(1)
        .map(entry => entry.kind)
    ).toEqual(['admin.tenant.disable', 'admin.tenant.enable'])
    expect(changeCount(store)).toBe(3)
  })

  test('of an unknown tenant is refused', async () => {
    const { store, administration } = await temporaryStore()
    const refusal = { code: 'tenant_not_found' }
    await expect(setTenantDisabled(administration, 'nobody', true)).rejects.toMatchObject(refusal)
    await expect(showTenant(store, 'nobody')).rejects.toMatchObject(refusal)
    expect(adminEntries(store)).toEqual([])
  })
})
