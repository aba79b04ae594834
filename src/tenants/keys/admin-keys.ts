import type { Transaction } from 'kysely'
import { domainError } from '../../contract/error-table.ts'
import type { Page, PageRequest } from '../../contract/pagination.ts'
import { selectPage } from '../../store/keyset-pagination.ts'
import type { Queries } from '../../store/queries.ts'
import type { Tables } from '../../store/tables.ts'
import { changeInTransaction, type TenantAdministration } from '../transaction.ts'
import { mintApiKey, type Pepper } from './api-key.ts'
import { expiryAfter, type KeyLife, keyLife, type Revoked, revoke } from './key-life.ts'

/** An admin key as operators see it. Its name says whose it is, or what for. */
export type AdminKeyView = { readonly key_id: string } & Readonly<Pick<AdminKeyFacts, 'name' | 'role'>> &
  KeyLife

/** Issues an admin key, shown whole only here. Throws admin_key_name_invalid, expiry_invalid (not in the future). */
export async function issueAdminKey(
  administration: TenantAdministration,
  pepper: Pepper,
  { name, role, expiresAt }: Pick<AdminKeyView, 'name' | 'role'> & { readonly expiresAt: Date | null }
) {
  requireName(name)
  return await changeInTransaction(administration, async (tx, created_at) => {
    const expires_at = expiryAfter(created_at, expiresAt)
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

/** All admin keys, oldest first. Throws cursor_invalid. */
export async function listAdminKeys(
  { db }: Queries,
  now: Date,
  request: PageRequest
): Promise<Page<AdminKeyView>> {
  const query = db.selectFrom('admin_key').select(columns)
  return await selectPage(query, ['created_at', 'id'], request, row => toView(row, now))
}

/** Revokes an admin key for ever. Throws key_not_found. */
export async function revokeAdminKey(
  administration: TenantAdministration,
  keyId: string
): Promise<Revoked<AdminKeyView>> {
  return await changeInTransaction(administration, async (tx, at) => {
    const row = await requireAdminKey(tx, keyId)
    const changes = await revoke(tx, { kind: 'admin.admin_key.revoke' }, row, at)
    const view = toView({ ...row, revoked_at: row.revoked_at ?? at }, new Date(at))
    return { result: { ...view, changed: changes.length > 0 }, changes }
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
  return { key_id: row.id, name: row.name, role: row.role, ...keyLife(row, now) }
}
