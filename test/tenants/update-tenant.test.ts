import { expect, test } from 'vitest'
import { createTenant, setTenantDisabled, showTenant, updateTenant } from '../../src/tenants/tenants.ts'
import { adminEntries, changeCount, temporaryStore } from '../support/fixtures/temporary-store.ts'

test('an update changes the named members, keeps the rest, and its entries name what changed', async () => {
  const { store, administration, at } = await temporaryStore()
  await createTenant(administration, { name: 'acme', burst: 3 })
  await updateTenant(administration, 'acme', { rate_per_minute: 5 })
  expect(await showTenant(store, 'acme')).toMatchObject({ rate_per_minute: 5, burst: 3, disabled: false })
  at('2026-01-01T00:00:01Z')
  const updated = await updateTenant(administration, 'acme', { burst: null, disabled: true })
  expect(updated).toMatchObject({
    burst: 10,
    disabled: true,
    disabled_at: '2026-01-01T00:00:01.000Z',
    changed: ['burst', 'disabled']
  })
  expect(adminEntries(store).slice(1)).toMatchObject([
    { kind: 'admin.tenant.update', fields: ['rate_per_minute'] },
    { kind: 'admin.tenant.update', fields: ['burst'] },
    { kind: 'admin.tenant.disable' }
  ])
  expect(changeCount(store)).toBe(3)
})

test('an update to the current state changes nothing, not even the time of disabling', async () => {
  const { store, administration, at } = await temporaryStore()
  await createTenant(administration, { name: 'acme', burst: 3 })
  const { disabled_at } = await setTenantDisabled(administration, 'acme', true)
  at('2026-01-05T00:00:00Z')
  const before = changeCount(store)
  for (const same of [{ disabled: true }, { burst: 3 }, { rate_per_minute: null }, {}])
    expect(await updateTenant(administration, 'acme', same)).toMatchObject({ disabled_at, changed: [] })
  expect(changeCount(store)).toBe(before)
})

test.each([
  ['tenant_not_found', 'nobody', { burst: 1 }],
  ['limit_invalid', 'acme', { burst: 0 }],
  ['limit_invalid', 'acme', { disabled: true, rate_per_minute: 1.5 }]
])('refuses with %s and leaves no trace', async (code, name, update) => {
  const { store, administration } = await temporaryStore()
  await createTenant(administration, { name: 'acme' })
  await expect(updateTenant(administration, name, update)).rejects.toMatchObject({ code })
  expect(adminEntries(store)).toHaveLength(1)
})
