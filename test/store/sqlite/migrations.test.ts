import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect } from 'vitest'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { searchLedger } from '../../../src/ledger/query/search.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { typedQueries } from '../../../src/store/queries.ts'
import { migrations } from '../../../src/store/sqlite/migrations.ts'
import { openReadOnlyStore } from '../../../src/store/sqlite/read-only-store.ts'
import { openStore } from '../../../src/store/store.ts'
import { sampleLedger } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'

/** A store as the first version of the tables had it, with a ledger in it. */
async function firstVersion(path: string): Promise<void> {
  const raw = new DatabaseSync(path)
  const first = migrations['2026-11-24-first'] ?? []
  const up = async (db: Parameters<ReturnType<typeof sql.raw>['execute']>[0]) => {
    for (const statement of first) await sql.raw(statement).execute(db)
  }
  const { error } = await new Migrator({
    db: typedQueries(raw),
    provider: { getMigrations: async () => ({ '2026-11-24-first': { up } }) }
  }).migrateToLatest()
  if (error) throw error
  const insert = raw.prepare('INSERT INTO ledger (entry, hash) VALUES (?, ?)')
  for (const { entry, hash } of sampleLedger().rows) insert.run(entry, Buffer.from(hash, 'hex'))
  raw.close()
}

test('a ledger of the first version is migrated whole, and continues', async ({ folder }) => {
  const path = join(folder, 'gateway.db')
  await firstVersion(path)
  expect(() => openReadOnlyStore(`sqlite:${path}`)).toThrow(/made by another version/)
  const store = await openStore(`sqlite:${path}`)
  expect(await verifyLedger(readStore(store.raw))).toMatchObject({ entries: 14, writers: 2, faults: [] })
  expect(searchLedger(store.raw, { tenant: 'acme' }, { limit: 100 }).items).toHaveLength(6)
  const writer = LedgerWriter.open(store, { role: 'gateway', version: '0.0.0', pid: 1 }, new Date())
  writer.close(new Date())
  expect(await verifyLedger(readStore(store.raw))).toMatchObject({ entries: 16, writers: 3, faults: [] })
  store.close()
  openReadOnlyStore(`sqlite:${path}`).raw.close()
})
