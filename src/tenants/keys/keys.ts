import type { Transaction } from 'kysely'
import { domainError } from '../../contract/error-table.ts'
import type { Page, PageRequest } from '../../contract/pagination.ts'
import type { AdminChange } from '../../ledger/entry/admin-change.ts'
import { changedValues } from '../../ledger/entry/changed-values.ts'
import { selectPage } from '../../store/keyset-pagination.ts'
import type { Queries } from '../../store/queries.ts'
import type { Tables } from '../../store/tables.ts'
import { requireTenant } from '../tenant-state.ts'
import { changeInTransaction, type TenantAdministration } from '../transaction.ts'
import { mintApiKey, type Pepper } from './api-key.ts'
import { expiryAfter, instant, type KeyLife, keyLife, keyStateOf, type Revoked, revoke } from './key-life.ts'
import { findKey, type StoredKey, selectKeys, successorOf } from './replaced-key.ts'

/** A key as operators see it. */
export type KeyView = { readonly key_id: string } & KeyLife &
  Readonly<Pick<StoredKey, 'tenant' | 'last_used_at'>>

/** A new key, the only time that it is shown whole. */
export type IssuedKey = Pick<KeyView, 'tenant' | 'key_id' | 'created_at' | 'expires_at'> & {
  readonly key: string
}

/** Issues a key to a tenant. Throws tenant_not_found, expiry_invalid (not in the future). */
export async function issueKey(
  administration: TenantAdministration,
  pepper: Pepper,
  tenant: string,
  expiresAt: Date | null
): Promise<IssuedKey> {
  return await changeInTransaction(administration, async (tx, at) => {
    await requireTenant(tx, tenant)
    const { issued, change } = await insertKey(tx, pepper, at, tenant, expiresAt)
    return { result: issued, changes: [change] }
  })
}

/** A tenant's keys, oldest first. Throws tenant_not_found, cursor_invalid. */
export async function listKeys(
  { db }: Queries,
  tenant: string,
  now: Date,
  request: PageRequest
): Promise<Page<KeyView>> {
  const query = selectKeys(db).where('tenant', '=', tenant)
  const page = await selectPage(query, ['created_at', 'id'], request, row => toKeyView(row, now))
  await requireTenant(db, tenant)
  return page
}

/**
 * Issues a new key and lets the old one, which it `replaces`, expire after `overlapMs`, or at its own earlier end. Without
 * `expiresAt` the new key lives as long as the old one. Throws key_not_found, key_revoked, key_expired, key_replaced (rotated
 * before), expiry_invalid.
 */
export async function rotateKey(
  administration: TenantAdministration,
  pepper: Pepper,
  keyId: string,
  { overlapMs, expiresAt }: { overlapMs: number; expiresAt?: Date | null | undefined }
) {
  return await changeInTransaction(administration, async (tx, at) => {
    const old = await requireKey(tx, keyId)
    requireRotatable(old, await successorOf(tx, administration.store.raw, old), new Date(at))
    const expiry = expiresAt ?? sameLife(old, at, expiresAt)
    const { issued, change } = await insertKey(tx, pepper, at, old.tenant, expiry)
    const overlapEnd = instant(new Date(Date.parse(at) + overlapMs))
    const expires_at = old.expires_at !== null && old.expires_at < overlapEnd ? old.expires_at : overlapEnd
    const replaced = { expires_at, replaced_by: issued.key_id }
    await tx.updateTable('api_key').set(replaced).where('id', '=', keyId).execute()
    return {
      result: { ...issued, replaces: { key_id: keyId, expires_at } },
      changes: [
        change,
        {
          kind: 'admin.key.rotate',
          tenant: old.tenant,
          key_id: keyId,
          fields: ['expires_at'],
          ...changedValues({ expires_at: old.expires_at, replaced_by: old.replaced_by }, replaced)
        }
      ]
    }
  })
}

/** Revokes a key for ever. Throws key_not_found. */
export async function revokeKey(
  administration: TenantAdministration,
  keyId: string
): Promise<Revoked<KeyView>> {
  return await changeInTransaction(administration, async (tx, at) => {
    const key = await requireKey(tx, keyId)
    const changes = await revoke(tx, { kind: 'admin.key.revoke', tenant: key.tenant }, key, at)
    const view = toKeyView({ ...key, revoked_at: key.revoked_at ?? at }, new Date(at))
    return { result: { ...view, changed: changes.length > 0 }, changes }
  })
}

/** Adds a key, and returns it with the change that the ledger records: whoever chose an expiry set that field. */
async function insertKey(
  tx: Transaction<Tables>,
  pepper: Pepper,
  created_at: string,
  tenant: string,
  expiresAt: Date | null
): Promise<{ readonly issued: IssuedKey; readonly change: AdminChange }> {
  const expires_at = expiryAfter(created_at, expiresAt)
  const { id, key, digest } = mintApiKey(pepper)
  const row = { id, tenant, digest, created_at, expires_at, revoked_at: null, replaced_by: null }
  await tx.insertInto('api_key').values(row).execute()
  const chosen = expires_at !== null && { fields: ['expires_at'] }
  return {
    issued: { tenant, key_id: id, key, created_at, expires_at },
    change: { kind: 'admin.key.issue', tenant, key_id: id, ...chosen, after: { expires_at } }
  }
}

async function requireKey(tx: Transaction<Tables>, keyId: string): Promise<StoredKey> {
  const key = await findKey(tx, keyId)
  // The id is not repeated: a whole key may have been given in its place.
  if (key === undefined) throw domainError('key_not_found', 'there is no key with this id; see key list')
  return key
}

/** A rotated key ends with its overlap: a second rotation would give the new key that short a life. */
function requireRotatable(key: StoredKey, successor: StoredKey | null, now: Date): void {
  const { id, expires_at } = key
  const state = keyStateOf(key, now)
  const remedy = successor ? remedyBy(successor, now) : 'issue a new one'
  if (state === 'revoked') throw domainError('key_revoked', `key ${id} is revoked: ${remedy}`)
  if (state === 'expired') throw domainError('key_expired', `key ${id} has expired: ${remedy}`)
  if (successor)
    throw domainError('key_replaced', `key ${id} was rotated before and ends at ${expires_at}: ${remedy}`)
}

/** What to do instead of rotating a key with this successor. */
function remedyBy(successor: StoredKey, now: Date): string {
  const state = keyStateOf(successor, now)
  return state === 'active'
    ? `rotate ${successor.id}, which took its place`
    : `${successor.id}, which took its place, is ${state}: issue a new key`
}

function sameLife(old: StoredKey, at: string, expiresAt: null | undefined): Date | null {
  if (expiresAt === null || old.expires_at === null) return null
  return new Date(Date.parse(at) + Date.parse(old.expires_at) - Date.parse(old.created_at))
}

function toKeyView(row: StoredKey, now: Date): KeyView {
  return { tenant: row.tenant, key_id: row.id, ...keyLife(row, now), last_used_at: row.last_used_at }
}
