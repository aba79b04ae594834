import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { migrations, newestMigration } from './migrations.ts'

/**
 * Whether a store has had the change of this name, by default the last one. Throws `store_unavailable` when it has had one that this
 * program does not know: what a newer version keeps there would be read wrongly, and written without what it relies on.
 */
export function hasMigration(raw: DatabaseSync, name = newestMigration): boolean {
  const had = migrationsOf(raw)
  const unknown = had.filter(migration => !Object.hasOwn(migrations, migration)).at(-1)
  if (unknown !== undefined)
    throw domainError(
      'store_unavailable',
      `this store was migrated by a newer version (migration ${unknown}; this program knows up to ${newestMigration}): ` +
        'run that version or a newer one, or restore the copy that was made before the upgrade'
    )
  return had.includes(name)
}

/** In the order of their names, which is that of time. */
function migrationsOf(raw: DatabaseSync): readonly string[] {
  const known = raw
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kysely_migration'`)
    .get()
  if (!known) return []
  const rows = raw.prepare('SELECT name FROM kysely_migration ORDER BY name').all() as { name: string }[]
  return rows.map(({ name }) => name)
}
