import { expect } from 'vitest'
import { createTenant } from '../../../src/tenants/tenants.ts'
import { test } from '../../support/fixtures/test.ts'

// SQLite rolls a transaction back by itself when the disk is full. It was rolled back a second time, and what was reported was
// that there is no transaction, never that the disk is full.
test('a change that does not fit on the disk fails with that reason, and leaves nothing', async ({
  store,
  administration
}) => {
  const pages = Number(store.raw.prepare('PRAGMA page_count').get()?.['page_count'])
  store.raw.exec(`PRAGMA max_page_count = ${pages}`)
  const much = store.transact(async tx => {
    for (let number = 0; number < 5_000; number++)
      await tx
        .insertInto('tenant')
        .values({
          name: `tenant-${number}`,
          created_at: '',
          disabled_at: null,
          rate_per_minute: null,
          burst: null,
          operations: null,
          addresses: null,
          credentials: null
        })
        .execute()
  })
  await expect(much).rejects.toThrow('database or disk is full')
  expect(store.raw.prepare('SELECT count(*) AS tenants FROM tenant').get()).toEqual({ tenants: 0 })
  store.raw.exec('PRAGMA max_page_count = 1000000')
  await createTenant(administration, { name: 'acme', connectors: [] })
})
