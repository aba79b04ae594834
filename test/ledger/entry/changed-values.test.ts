import { expect, test } from 'vitest'
import { createTenant, updateTenant } from '../../../src/tenants/tenants.ts'
import { adminEntries, temporaryStore } from '../../support/fixtures/temporary-store.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

test('an entry holds short lists whole, and of long ones what was added and removed', async () => {
  const addresses = Array.from({ length: 60 }, (_, number) => `10.0.${number}.1`)
  const { store, administration } = await temporaryStore()
  await createTenant(administration, { name: 'acme', addresses: addresses.slice(0, 30) })
  await updateTenant(administration, 'acme', { addresses: addresses.slice(1, 31) })
  await updateTenant(administration, 'acme', { addresses: addresses.slice(30, 60) })
  await updateTenant(administration, 'acme', { addresses: ['10.0.0.1'] })
  await updateTenant(administration, 'acme', { addresses: null })
  const recorded = adminEntries(store).map(({ before, after }) => [before, after])
  expect(recorded).toMatchObject([
    [undefined, { addresses: { count: 30, added: { length: 20 }, more: 10 } }],
    [{ addresses: { count: 30, removed: ['10.0.0.1'] } }, { addresses: { count: 30, added: ['10.0.30.1'] } }],
    [
      { addresses: { count: 30, removed: { length: 20 }, more: 9 } },
      { addresses: { count: 30, added: { length: 20 }, more: 9 } }
    ],
    [
      { addresses: { count: 30, removed: { length: 20 }, more: 10 } },
      { addresses: { count: 1, added: ['10.0.0.1'] } }
    ],
    [{ addresses: ['10.0.0.1'] }, { addresses: null }]
  ])
})

test('one more grant of a tenant with thousands is one small entry', async () => {
  const ids = Array.from({ length: 2000 }, (_, number) => `${connector.slice(0, -4)}${1000 + number}`)
  const { store, administration } = await temporaryStore()
  await createTenant(administration, { name: 'acme', connectors: ids })
  const before = adminEntries(store).length
  await updateTenant(administration, 'acme', { connectors: [...ids, connector] })
  const added = adminEntries(store).slice(before)
  expect(added).toHaveLength(1)
  expect(JSON.stringify(added).length).toBeLessThan(700)
})
