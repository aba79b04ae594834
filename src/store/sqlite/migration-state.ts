import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { migrations, newestMigration } from './migrations.ts'

/** Whether a migration, by default the last, has been applied. Throws `store_unavailable` when a newer version was at work. */
export function hasMigration(raw: DatabaseSync, name = newestMigration): boolean {
  const applied = migrationsOf(raw)
  const unknown = applied.filter(migration => !Object.hasOwn(migrations, migration)).at(-1)
  if (unknown !== undefined)
    throw domainError(
      'store_unavailable',
      `this store was migrated by a newer version (migration ${unknown}; this program knows up to ${newestMigration}): ` +
        'run that version or a newer one, or restore the copy that was made before the upgrade'
    )
  return applied.includes(name)
}

/** In the order of their names, which begin with a date. */
function migrationsOf(raw: DatabaseSync): readonly string[] {
  const known = raw
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kysely_migration'`)
    .get()
  if (!known) return []
  const rows = raw.prepare('SELECT name FROM kysely_migration ORDER BY name').all() as { name: string }[]
  return rows.map(({ name }) => name)
}
