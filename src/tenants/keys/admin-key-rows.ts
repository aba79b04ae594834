import type { DatabaseSync } from 'node:sqlite'
import type { Tables } from '../../store/tables.ts'
import { type KeyColumns, type KeyRow, keyColumns, toKeyRow } from './key-row.ts'

/** What an administrator may do: a viewer reads, an operator reads and changes. */
export type AdminRole = Tables['admin_key']['role']

/** The admin keys that are not revoked, and those that were revoked last. */
export type AdminKeyRows = {
  /** Grows with each key that is issued or revoked. */
  readonly version: number
  readonly keys: readonly (KeyRow & { readonly role: AdminRole })[]
}

/** How many revoked keys are known, the last ones. */
const revokedBound = 100

type Store = { readonly raw: DatabaseSync }

/** Runs on the store's thread. */
export function readAdminKeys({ raw }: Store): AdminKeyRows {
  // The version before the rows: a change in between is read twice, never missed.
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

/** Null when the rows are still those of version `known`. Runs on the store's thread. */
export function readNewAdminKeys(store: Store, known: number): AdminKeyRows | null {
  return versionOf(store.raw) === known ? null : readAdminKeys(store)
}

/** Keys are only added and revoked, each once: either makes this number larger. */
function versionOf(raw: DatabaseSync): number {
  const row = raw.prepare('SELECT count(*) + count(revoked_at) AS version FROM admin_key').get()
  return Number(row?.['version'])
}
