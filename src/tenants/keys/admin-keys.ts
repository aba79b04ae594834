import type { Transaction } from 'kysely'
import { domainError } from '../../contract/error-table.ts'
import { type Page, type PageRequest, toPage } from '../../contract/pagination.ts'
import { changedValues } from '../../ledger/entry/changed-values.ts'
import { changeWithEntries } from '../../ledger/writer/admin-entries.ts'
import type { Queries } from '../../store/queries.ts'
import type { Tables } from '../../store/tables.ts'
import { fromPage, placeInTime } from '../keyset-pagination.ts'
import type { TenantAdministration } from '../transaction.ts'
import type { AdminRole } from './admin-key-rows.ts'
import { mintApiKey, type Pepper } from './api-key.ts'
import { expiryAfter } from './expiry.ts'
import { type KeyState, keyStateOf } from './key-state.ts'

/** An admin key as it is shown to operators. Times are RFC 3339, UTC. */
export type AdminKeyView = {
  readonly key_id: string
  readonly name: string
  readonly role: AdminRole
  readonly state: KeyState
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

/** An admin key at the only moment when it can be seen whole. */
export type IssuedAdminKey = {
  readonly key_id: string
  readonly name: string
  readonly role: AdminRole
  readonly key: string
  readonly created_at: string
  readonly expires_at: string | null
}

/** What came of revoking; `changed` is false when it was revoked before. */
export type AdminKeyRevoked = AdminKeyView & { readonly changed: boolean }

export type NewAdminKey = {
  /** Whose it is, or what for. */
  readonly name: string
  readonly role: AdminRole
  /** Null for a key that does not expire. */
  readonly expiresAt: Date | null
}

/** Issues an admin key. Throws Refusal: admin_key_name_invalid, expiry_invalid (not in the future). */
export async function issueAdminKey(
  { store, administrator, clock }: TenantAdministration,
  pepper: Pepper,
  { name, role, expiresAt }: NewAdminKey
): Promise<IssuedAdminKey> {
  requireName(name)
  const at = clock()
  const created_at = at.toISOString()
  const expires_at = expiryAfter(created_at, expiresAt)
  return await changeWithEntries(store, administrator, at, async tx => {
    const { id, key, digest } = mintApiKey(pepper, 'cga')
    const row = { id, name, role, digest, created_at, expires_at, revoked_at: null }
    await tx.insertInto('admin_key').values(row).execute()
    const fields = ['name', 'role', ...(expires_at === null ? [] : ['expires_at'])]
    return {
      result: { key_id: id, name, role, key, created_at, expires_at },
      changes: [{ kind: 'admin.admin_key.issue', key_id: id, fields, after: { name, role, expires_at } }]
    }
  })
}

/** All admin keys, oldest first. Throws Refusal: cursor_invalid. */
export async function listAdminKeys(
  { db }: Queries,
  now: Date,
  request: PageRequest
): Promise<Page<AdminKeyView>> {
  const rows = await db
    .selectFrom('admin_key')
    .select(columns)
    .where(fromPage(request))
    .orderBy('created_at')
    .orderBy('id')
    .limit(request.limit + 1)
    .execute()
  return toPage(rows, request.limit, placeInTime, row => toView(row, now))
}

/** Revokes an admin key for ever. Done already is done. Throws Refusal: key_not_found. */
export async function revokeAdminKey(
  { store, administrator, clock }: TenantAdministration,
  keyId: string
): Promise<AdminKeyRevoked> {
  const at = clock()
  return await changeWithEntries<AdminKeyRevoked>(store, administrator, at, async tx => {
    const row = await requireAdminKey(tx, keyId)
    if (row.revoked_at !== null) return { result: { ...toView(row, at), changed: false }, changes: [] }
    const revoked_at = at.toISOString()
    await tx.updateTable('admin_key').set({ revoked_at }).where('id', '=', keyId).execute()
    return {
      result: { ...toView({ ...row, revoked_at }, at), changed: true },
      changes: [
        {
          kind: 'admin.admin_key.revoke',
          key_id: keyId,
          ...changedValues({ revoked_at: null }, { revoked_at })
        }
      ]
    }
  })
}

const columns = ['id', 'name', 'role', 'created_at', 'expires_at', 'revoked_at'] as const

type AdminKeyFacts = Omit<Tables['admin_key'], 'digest'>

async function requireAdminKey(tx: Transaction<Tables>, keyId: string): Promise<AdminKeyFacts> {
  const row = await tx.selectFrom('admin_key').select(columns).where('id', '=', keyId).executeTakeFirst()
  // The id is not repeated: a whole key may have been given in its place.
  if (row === undefined)
    throw domainError('key_not_found', 'there is no admin key with this id; see admin-key list')
  return row
}

function requireName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(name))
    throw domainError(
      'admin_key_name_invalid',
      'a name of an admin key has 1 to 63 characters of A-Z, a-z, 0-9, ".", "_", "@" and "-", the first a letter or digit'
    )
}

function toView(row: AdminKeyFacts, now: Date): AdminKeyView {
  return {
    key_id: row.id,
    name: row.name,
    role: row.role,
    state: keyStateOf(row, now),
    created_at: row.created_at,
    expires_at: row.expires_at,
    revoked_at: row.revoked_at
  }
}
