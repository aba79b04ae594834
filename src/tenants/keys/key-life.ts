import type { Transaction } from 'kysely'
import { domainError } from '../../contract/error-table.ts'
import type { AdminChange } from '../../ledger/entry/admin-change.ts'
import { changedValues } from '../../ledger/entry/changed-values.ts'
import type { Tables } from '../../store/tables.ts'

/** Whether a key is taken: only an active one is. */
export type KeyState = 'active' | 'expired' | 'revoked'

type LifeColumns = Pick<Tables['api_key'], 'created_at' | 'expires_at' | 'revoked_at'>

/** Times are RFC 3339, UTC. */
export type KeyLife = { readonly state: KeyState } & Readonly<LifeColumns>

/** A key after a revocation; `changed` is false when it was revoked before. */
export type Revoked<View> = View & { readonly changed: boolean }

/** The life of a tenant's key, or of an admin key, as it is at `now`. */
export function keyLife(row: LifeColumns, now: Date): KeyLife {
  const { created_at, expires_at, revoked_at } = row
  return { state: keyStateOf(row, now), created_at, expires_at, revoked_at }
}

/** A revoked key stays revoked, also when it has expired. */
export function keyStateOf(
  { revoked_at, expires_at }: Pick<LifeColumns, 'revoked_at' | 'expires_at'>,
  now: Date
): KeyState {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && expires_at <= now.toISOString() ? 'expired' : 'active'
}

/** Revokes a key for ever. Returns the change that the ledger records; none for a key that was revoked before. */
export async function revoke(
  tx: Transaction<Tables>,
  { kind, ...subject }: { kind: 'admin.key.revoke' | 'admin.admin_key.revoke'; tenant?: string },
  { id, revoked_at }: Pick<Tables['api_key'], 'id' | 'revoked_at'>,
  at: string
): Promise<AdminChange[]> {
  if (revoked_at !== null) return []
  const table = kind === 'admin.key.revoke' ? 'api_key' : 'admin_key'
  await tx.updateTable(table).set({ revoked_at: at }).where('id', '=', id).execute()
  return [{ kind, ...subject, key_id: id, ...changedValues({ revoked_at: null }, { revoked_at: at }) }]
}

/** The expiry of a key issued at `at`; null for never. Throws expiry_invalid (not in the future). */
export function expiryAfter(at: string, expiresAt: Date | null): string | null {
  if (expiresAt === null) return null
  const expiry = instant(expiresAt)
  if (expiry <= at) throw domainError('expiry_invalid', 'a key must expire in the future')
  return expiry
}

/** RFC 3339 with a year of four digits, so that times compare as text. Throws expiry_invalid. */
export function instant(date: Date): string {
  if (!(date.getTime() < Date.UTC(10_000)))
    throw domainError('expiry_invalid', 'a key cannot expire after the year 9999')
  return date.toISOString()
}
