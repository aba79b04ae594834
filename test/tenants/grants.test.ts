import { describe, expect, test } from 'vitest'
import { addGrants, listGrants, removeGrants } from '../../src/tenants/grants.ts'
import { createTenant } from '../../src/tenants/tenants.ts'
import { adminEntries, changeCount, temporaryStore } from '../support/fixtures/temporary-store.ts'

const one = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const two = '019a9612-bfad-758c-884e-37dd8c6ad2cc'
const three = '019a9612-bfad-758c-884e-37dd8c6ad2cd'

describe('grants', () => {
  test('are added once, in lower case; a grant that exists adds no entry', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme' })
    const first = await addGrants(administration, 'acme', [one.toUpperCase(), one])
    const second = await addGrants(administration, 'acme', [one, two])
    const third = await addGrants(administration, 'acme', [two])
    expect([first, second, third].map(result => result.changed)).toEqual([[one], [two], []])
    expect(adminEntries(store).slice(1)).toMatchObject([
      { kind: 'admin.grant.add', tenant: 'acme', connector_id: one },
      { kind: 'admin.grant.add', tenant: 'acme', connector_id: two }
    ])
    expect(changeCount(store)).toBe(3)
  })

  test('are removed once; a grant that does not exist adds no entry', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme', connectors: [one, three] })
    const before = adminEntries(store).length
    const first = await removeGrants(administration, 'acme', [one.toUpperCase(), two])
    const second = await removeGrants(administration, 'acme', [one])
    expect([first.changed, second.changed]).toEqual([[one], []])
    expect(adminEntries(store).slice(before)).toMatchObject([
      { kind: 'admin.grant.remove', connector_id: one }
    ])
    expect((await listGrants(store, 'acme', { limit: 9 })).items.map(grant => grant.connector_id)).toEqual([
      three
    ])
  })

  test('are added and removed in the order in which the caller names them', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme' })
    const before = adminEntries(store).length
    const added = await addGrants(administration, 'acme', [three, one, two])
    const removed = await removeGrants(administration, 'acme', [three, two])
    expect([added.changed, removed.changed]).toEqual([
      [three, one, two],
      [three, two]
    ])
    expect(adminEntries(store).slice(before)).toMatchObject(
      [three, one, two, three, two].map(connector_id => ({ connector_id }))
    )
  })

  test('are all refused when one of them is no connector id, or the tenant is unknown', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme' })
    for (const bad of ['', '**', 'x', `${one} `, one.slice(1), `{${one}}`, one.replace('0', '٠')])
      await expect(addGrants(administration, 'acme', [two, bad])).rejects.toMatchObject({
        code: 'connector_id_invalid'
      })
    for (const change of [addGrants, removeGrants])
      await expect(change(administration, 'nobody', [one])).rejects.toMatchObject({
        code: 'tenant_not_found'
      })
    await expect(listGrants(store, 'nobody', { limit: 1 })).rejects.toMatchObject({
      code: 'tenant_not_found'
    })
    expect((await listGrants(store, 'acme', { limit: 1 })).items).toEqual([])
    expect(adminEntries(store)).toHaveLength(1)
  })

  test('are listed in pages that give each once', async () => {
    const { store, administration } = await temporaryStore()
    await createTenant(administration, { name: 'acme', connectors: [two, '*', one] })
    const first = await listGrants(store, 'acme', { limit: 2 })
    const second = await listGrants(store, 'acme', { limit: 2, cursor: first.next ?? '' })
    expect([...first.items, ...second.items].map(grant => grant.connector_id)).toEqual(['*', one, two])
    expect(second.next).toBeNull()
  })
})

test('a change that fails at its last step leaves neither the change nor its entry', async () => {
  const { store, administration } = await temporaryStore()
  await createTenant(administration, { name: 'acme' })
  store.raw.exec(
    `CREATE TRIGGER broken BEFORE INSERT ON ledger_batch BEGIN SELECT RAISE(ABORT, 'disk full'); END`
  )
  await expect(addGrants(administration, 'acme', [one])).rejects.toThrow('disk full')
  expect((await listGrants(store, 'acme', { limit: 1 })).items).toEqual([])
  expect(adminEntries(store)).toHaveLength(1)
  expect(changeCount(store)).toBe(1)
})
