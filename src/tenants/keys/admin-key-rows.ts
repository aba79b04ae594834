import type { DatabaseSync } from 'node:sqlite'
import type { Tables } from '../../store/tables.ts'

/** What an administrator may do: a viewer reads, an operator reads and changes. */
export type AdminRole = 'viewer' | 'operator'

/** The admin keys that can still be used and those that were revoked last, as plain data: they are read on one thread and used on another. */
export type AdminKeyRows = {
  /** Another one when a key was issued or revoked since. */
  readonly version: number
  readonly keys: readonly AdminKeyRow[]
}

/** An admin key. */
export type AdminKeyRow = {
  readonly id: string
  readonly role: AdminRole
  readonly digest: Uint8Array
  /** Milliseconds since 1970; null for a key that does not expire. */
  readonly expiresAtMs: number | null
  /** Only to say of a request that it came with a revoked key. */
  readonly revoked?: boolean
}

/** How many revoked keys are known: those that were revoked last. */
const revokedBound = 100

/** All usable admin keys, and those that were revoked last. Runs on the store's thread. */
export function readAdminKeys({ raw }: Store): AdminKeyRows {
  // The version first: a change that comes in between is read twice, never missed.
  const version = versionOf(raw)
  const rows = raw
    .prepare(
      `SELECT id, role, digest, expires_at, revoked_at FROM admin_key WHERE revoked_at IS NULL UNION ALL
       SELECT * FROM (SELECT id, role, digest, expires_at, revoked_at FROM admin_key
         WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC, id LIMIT ?)`
    )
    .all(revokedBound) as Row[]
  const keys = rows.map(({ id, role, digest, expires_at, revoked_at }) => ({
    id,
    role,
    digest,
    expiresAtMs: expires_at === null ? null : Date.parse(expires_at),
    ...(revoked_at !== null && { revoked: true })
  }))
  return { version, keys }
}

type Row = Pick<Tables['admin_key'], 'id' | 'digest' | 'expires_at' | 'revoked_at'> & {
  readonly role: AdminRole
}

/** The same, or null when they are those of version `known`. Runs on the store's thread. */
export function readNewAdminKeys(store: Store, known: number): AdminKeyRows | null {
  return versionOf(store.raw) === known ? null : readAdminKeys(store)
}

type Store = { readonly raw: DatabaseSync }

/** Keys are only ever added and revoked, each once: either makes this number larger. */
function versionOf(raw: DatabaseSync): number {
  const row = raw.prepare('SELECT count(*) + count(revoked_at) AS version FROM admin_key').get()
  return Number(row?.['version'])
}
