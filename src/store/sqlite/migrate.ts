import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { asStoreError } from '../store-fault.ts'
import type { Tables } from '../tables.ts'
import { migrations } from './migrations.ts'

/** Brings the tables up to date. Safe when several processes start at once: each step is one transaction. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const steps = Object.fromEntries(Object.entries(migrations).map(([name, sql]) => [name, step(sql)]))
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => steps }
  }).migrateToLatest()
  if (error) throw asStoreError(error, 'cannot bring the store up to date')
}

function step(statements: readonly string[]): Migration {
  return {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db)
    }
  }
}
