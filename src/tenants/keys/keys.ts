import type { Transaction } from 'kysely'
import { domainError } from '../../contract/error-table.ts'
import { type Page, type PageRequest, toPage } from '../../contract/pagination.ts'
import { changedValues } from '../../ledger/entry/changed-values.ts'
import type { Queries } from '../../store/queries.ts'
import type { Tables } from '../../store/tables.ts'
import { fromPage, placeInTime } from '../keyset-pagination.ts'
import { requireTenant } from '../require-tenant.ts'
import { changeTenants, type TenantAdministration, type TenantChange } from '../transaction.ts'
import { mintApiKey, type Pepper } from './api-key.ts'
import { expiryAfter, instant } from './expiry.ts'
import { type KeyState, keyStateOf } from './key-state.ts'
import { inItsPlace, type Successor, successorOf } from './replaced-key.ts'

/** A key as it is shown to operators. Times are RFC 3339, UTC. */
export type KeyView = {
  readonly tenant: string
  readonly key_id: string
  readonly state: KeyState
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  /** Written by running gateways every few seconds; null when never used. */
  readonly last_used_at: string | null
}

/** A key at the only moment when it can be seen whole. */
export type IssuedKey = {
  readonly tenant: string
  readonly key_id: string
  readonly key: string
  readonly created_at: string
  readonly expires_at: string | null
}

/** A new key in place of an old one, which still works until `expires_at`. */
export type RotatedKey = IssuedKey & {
  readonly replaces: { readonly key_id: string; readonly expires_at: string }
}

/** What came of revoking; `changed` is false when it was revoked before. */
export type KeyRevoked = KeyView & { readonly changed: boolean }

/** Issues a key to a tenant. Throws Refusal: tenant_not_found, expiry_invalid (not in the future). */
export async function issueKey(
  administration: TenantAdministration,
  pepper: Pepper,
  tenant: string,
  expiresAt: Date | null
): Promise<IssuedKey> {
  return await changeTenants(administration, async (tx, at) => {
    await requireTenant(tx, tenant)
    const issued = await insertKey(tx, pepper, at, tenant, expiresAt)
    return { result: issued, changes: [issueOf(issued)] }
  })
}

/** A tenant's keys, oldest first. Throws Refusal: tenant_not_found, cursor_invalid. */
export async function listKeys(
  { db }: Queries,
  tenant: string,
  now: Date,
  request: PageRequest
): Promise<Page<KeyView>> {
  const isOnPage = fromPage(request)
  await requireTenant(db, tenant)
  const rows = await db
    .selectFrom('api_key')
    .leftJoin('api_key_use', 'api_key_use.key_id', 'api_key.id')
    .select(['id', 'tenant', 'created_at', 'expires_at', 'revoked_at', 'replaced_by', 'last_used_at'])
    .where('tenant', '=', tenant)
    .where(isOnPage)
    .orderBy('created_at')
    .orderBy('id')
    .limit(request.limit + 1)
    .execute()
  return toPage(rows, request.limit, placeInTime, row => toKeyView(row, row.last_used_at, now))
}

/**
 * Issues a new key at once and lets the old one expire after `overlapMs`, or earlier when it would have anyway.
 * The new key gets `expiresAt`; when left out, as long a life as the old one was given.
 * Throws Refusal: key_not_found, key_revoked, key_expired, key_replaced (it was rotated before), expiry_invalid.
 */
export async function rotateKey(
  administration: TenantAdministration,
  pepper: Pepper,
  keyId: string,
  { overlapMs, expiresAt }: { overlapMs: number; expiresAt?: Date | null | undefined }
): Promise<RotatedKey> {
  return await changeTenants(administration, async (tx, at) => {
    const old = await requireKey(tx, keyId)
    const now = new Date(at)
    requireRotatable(old, await successorOf(tx, administration.store.raw, old, now), now)
    const issued = await insertKey(tx, pepper, at, old.tenant, expiresAt ?? sameLife(old, at, expiresAt))
    const overlapEnd = instant(new Date(Date.parse(at) + overlapMs))
    const expires_at = old.expires_at !== null && old.expires_at < overlapEnd ? old.expires_at : overlapEnd
    const replaced = { expires_at, replaced_by: issued.key_id }
    await tx.updateTable('api_key').set(replaced).where('id', '=', keyId).execute()
    return {
      result: { ...issued, replaces: { key_id: keyId, expires_at } },
      changes: [
        issueOf(issued),
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

/** Revokes a key for ever. Done already is done. Throws Refusal: key_not_found. */
export async function revokeKey(administration: TenantAdministration, keyId: string): Promise<KeyRevoked> {
  return await changeTenants<KeyRevoked>(administration, async (tx, at) => {
    const key = await requireKey(tx, keyId)
    const use = await tx
      .selectFrom('api_key_use')
      .select('last_used_at')
      .where('key_id', '=', keyId)
      .executeTakeFirst()
    const view = (row: typeof key) => toKeyView(row, use?.last_used_at ?? null, new Date(at))
    if (key.revoked_at !== null) return { result: { ...view(key), changed: false }, changes: [] }
    await tx.updateTable('api_key').set({ revoked_at: at }).where('id', '=', keyId).execute()
    return {
      result: { ...view({ ...key, revoked_at: at }), changed: true },
      changes: [
        {
          kind: 'admin.key.revoke',
          tenant: key.tenant,
          key_id: keyId,
          ...changedValues({ revoked_at: null }, { revoked_at: at })
        }
      ]
    }
  })
}

async function insertKey(
  tx: Transaction<Tables>,
  pepper: Pepper,
  at: string,
  tenant: string,
  expiresAt: Date | null
): Promise<IssuedKey> {
  const expires_at = expiryAfter(at, expiresAt)
  const { id, key, digest } = mintApiKey(pepper)
  await tx
    .insertInto('api_key')
    .values({ id, tenant, digest, created_at: at, expires_at, revoked_at: null, replaced_by: null })
    .execute()
  return { tenant, key_id: id, key, created_at: at, expires_at }
}

/** An issue as the ledger tells it: that an end was chosen is a part of what somebody did. */
function issueOf({ tenant, key_id, expires_at }: IssuedKey): TenantChange {
  return {
    kind: 'admin.key.issue',
    tenant,
    key_id,
    ...(expires_at !== null && { fields: ['expires_at'] }),
    after: { expires_at }
  }
}

type KeyFacts = Omit<Tables['api_key'], 'digest'>

async function requireKey(tx: Transaction<Tables>, keyId: string): Promise<KeyFacts> {
  const key = await tx
    .selectFrom('api_key')
    .select(['id', 'tenant', 'created_at', 'expires_at', 'revoked_at', 'replaced_by'])
    .where('id', '=', keyId)
    .executeTakeFirst()
  // The id is not repeated: a whole key may have been given in its place.
  if (key === undefined) throw domainError('key_not_found', 'there is no key with this id; see key list')
  return key
}

/** A key that was rotated ends with the overlap, and so would the life that a second rotation took from it. */
function requireRotatable(
  { id, expires_at, ...key }: KeyFacts,
  successor: Successor | null,
  now: Date
): void {
  const state = keyStateOf({ ...key, expires_at }, now)
  const remedy = successor ? inItsPlace(successor) : 'issue a new one'
  if (state === 'revoked') throw domainError('key_revoked', `key ${id} is revoked: ${remedy}`)
  if (state === 'expired') throw domainError('key_expired', `key ${id} has expired: ${remedy}`)
  if (successor)
    throw domainError('key_replaced', `key ${id} was rotated before and ends at ${expires_at}: ${remedy}`)
}

function sameLife(old: KeyFacts, at: string, expiresAt: null | undefined): Date | null {
  if (expiresAt === null || old.expires_at === null) return null
  return new Date(Date.parse(at) + Date.parse(old.expires_at) - Date.parse(old.created_at))
}

function toKeyView(row: KeyFacts, lastUsedAt: string | null, now: Date): KeyView {
  return {
    tenant: row.tenant,
    key_id: row.id,
    state: keyStateOf(row, now),
    created_at: row.created_at,
    expires_at: row.expires_at,
    revoked_at: row.revoked_at,
    last_used_at: lastUsedAt
  }
}
