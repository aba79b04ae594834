import type { DatabaseSync } from 'node:sqlite'
import type { Tables } from '../../store/tables.ts'
import { type KeyColumns, type KeyRow, keyColumns, toKeyRow } from './key-row.ts'

/** What an administrator may do: a viewer reads, an operator reads and changes. */
export type AdminRole = Tables['admin_key']['role']

/** The admin keys that can still be used and those that were revoked last. */
export type AdminKeyRows = {
  /** Another one when a key was issued or revoked since. */
  readonly version: number
  readonly keys: readonly (KeyRow & { readonly role: AdminRole })[]
}

/** How many revoked keys are known: those that were revoked last. */
const revokedBound = 100

type Store = { readonly raw: DatabaseSync }

/** All usable admin keys, and those that were revoked last. Runs on the store's thread. */
export function readAdminKeys({ raw }: Store): AdminKeyRows {
  // The version first: a change that comes in between is read twice, never missed.
  const version = versionOf(raw)
  const rows = raw
    .prepare(
      `SELECT role, ${keyColumns} FROM admin_key WHERE revoked_at IS NULL UNION ALL
       SELECT * FROM (SELECT role, ${keyColumns} FROM admin_key
         WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC, id LIMIT ?)`
    )
    .all(revokedBound) as (KeyColumns & { role: AdminRole })[]
  return { version, keys: rows.map(row => ({ ...toKeyRow(row), role: row.role })) }
}

/** The same, or null when they are those of version `known`. Runs on the store's thread. */
export function readNewAdminKeys(store: Store, known: number): AdminKeyRows | null {
  return versionOf(store.raw) === known ? null : readAdminKeys(store)
}

/** Keys are only ever added and revoked, each once: either makes this number larger. */
function versionOf(raw: DatabaseSync): number {
  const row = raw.prepare('SELECT count(*) + count(revoked_at) AS version FROM admin_key').get()
  return Number(row?.['version'])
}
