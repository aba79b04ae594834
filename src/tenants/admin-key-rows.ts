import type { DatabaseSync } from 'node:sqlite'

/** What an administrator may do: a viewer reads, an operator reads and changes. */
export type AdminRole = 'viewer' | 'operator'

/** The admin keys that can still be used, as plain data: they are read on one thread and used on another. */
export type AdminKeyRows = {
  /** Another one when a key was issued or revoked since. */
  readonly version: number
  readonly keys: readonly AdminKeyRow[]
}

/** An admin key that is not revoked. */
export type AdminKeyRow = {
  readonly id: string
  readonly role: AdminRole
  readonly digest: Uint8Array
  /** Milliseconds since 1970; null for a key that does not expire. */
  readonly expiresAtMs: number | null
}

/** All usable admin keys. Runs on the store's thread. */
export function readAdminKeys({ raw }: Store): AdminKeyRows {
  // The version first: a change that comes in between is read twice, never missed.
  const version = versionOf(raw)
  const rows = raw
    .prepare('SELECT id, role, digest, expires_at FROM admin_key WHERE revoked_at IS NULL')
    .all() as { id: string; role: AdminRole; digest: Uint8Array; expires_at: string | null }[]
  const keys = rows.map(({ id, role, digest, expires_at }) => ({
    id,
    role,
    digest,
    expiresAtMs: expires_at === null ? null : Date.parse(expires_at)
  }))
  return { version, keys }
}

/** All usable admin keys, or null when they are those of version `known`. Runs on the store's thread. */
export function readNewAdminKeys(store: Store, known: number): AdminKeyRows | null {
  return versionOf(store.raw) === known ? null : readAdminKeys(store)
}

type Store = { readonly raw: DatabaseSync }

/** Keys are only ever added and revoked, each once: either makes this number larger. */
function versionOf(raw: DatabaseSync): number {
  const row = raw.prepare('SELECT count(*) + count(revoked_at) AS version FROM admin_key').get()
  return Number(row?.['version'])
}
