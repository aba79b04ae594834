import type { DatabaseSync } from 'node:sqlite'
import type { StoreFile } from '../store/sqlite/store-file.ts'
import { inTransaction } from '../store/sqlite/transaction.ts'
import type { Tables } from '../store/tables.ts'
import type { DirectoryChanges, DirectorySnapshot, KeyRow, TenantPage, TenantRow } from './directory-rows.ts'

/** Where the directory begins: its first page. Runs on the store's thread. */
export function readSnapshot(store: StoreFile): DirectorySnapshot {
  const { raw } = store
  // The number first, the rows after it: a change that comes in between is read twice, never missed.
  const { newest } = raw.prepare('SELECT coalesce(max(id), 0) AS newest FROM directory_change').get() as {
    newest: number
  }
  return { lastChange: newest, ...readPage(store, '') }
}

const tenantsPerPage = 2_000

/** The page of tenants after the one of this name. Runs on the store's thread. */
export function readPage({ raw }: StoreFile, after: string): TenantPage {
  const { tenants, last } = raw
    .prepare(
      `SELECT count(*) AS tenants, max(name) AS last
       FROM (SELECT name FROM tenant WHERE name > ? ORDER BY name LIMIT ?)`
    )
    .get(after, tenantsPerPage) as { tenants: number; last: string | null }
  if (last === null) return { tenants: [], next: null }
  const page = { where: '{tenant} > ? AND {tenant} <= ?', values: [after, last] }
  return { tenants: readTenants(raw, page), next: tenants < tenantsPerPage ? null : last }
}

/** The tenants that changed after `lastChange`, whole, or null when none did. Runs on the store's thread. */
export function readChanges({ raw }: StoreFile, lastChange: number): DirectoryChanges | null {
  const changes = raw
    .prepare('SELECT id, tenant FROM directory_change WHERE id > ? ORDER BY id')
    .all(lastChange) as { id: number; tenant: string }[]
  const newest = changes.at(-1)
  if (newest === undefined) return null
  return {
    lastChange: newest.id,
    changed: [...new Set(changes.map(change => change.tenant))],
    tenants: readTenants(raw, { where: changedTenants, values: [lastChange, newest.id] })
  }
}

/** Keeps the latest use of each key. A time older than the one kept is ignored: several gateways may write. */
export function writeKeyUses({ raw }: StoreFile, uses: ReadonlyMap<string, number>): void {
  const upsert = raw.prepare(
    `INSERT INTO api_key_use (key_id, last_used_at) VALUES (?, ?)
     ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at
     WHERE excluded.last_used_at > api_key_use.last_used_at`
  )
  inTransaction(raw, () => {
    for (const [keyId, ms] of uses) upsert.run(keyId, new Date(ms).toISOString())
  })
}

/** Which tenants to read: a condition on the column `{tenant}`, and its parameters. */
type Selection = { readonly where: string; readonly values: readonly (string | number)[] }

const changedTenants = '{tenant} IN (SELECT tenant FROM directory_change WHERE id > ? AND id <= ?)'

function readTenants(raw: DatabaseSync, selection: Selection): TenantRow[] {
  const tenants = select<TenantColumns>(
    raw,
    'name, disabled_at, rate_per_minute, burst, operations, addresses, credentials FROM tenant',
    'name',
    selection
  )
  const keys = select<KeyColumns>(raw, 'id, tenant, digest, expires_at FROM live_key', 'tenant', selection)
  const revoked = selectRevoked(raw, selection)
  const grants = select<GrantColumns>(raw, 'tenant, connector_id FROM connector_grant', 'tenant', selection)
  const keysByTenant = Map.groupBy(keys, key => key.tenant)
  const revokedByTenant = Map.groupBy(revoked, key => key.tenant)
  const grantsByTenant = Map.groupBy(grants, grant => grant.tenant)
  return tenants.map(tenant => ({
    name: tenant.name,
    disabled: tenant.disabled_at !== null,
    ratePerMinute: tenant.rate_per_minute,
    burst: tenant.burst,
    connectors: (grantsByTenant.get(tenant.name) ?? []).map(grant => grant.connector_id),
    operations: tenant.operations,
    addresses: tenant.addresses,
    credentials: tenant.credentials,
    keys: [
      ...(keysByTenant.get(tenant.name) ?? []).map(toKeyRow),
      ...(revokedByTenant.get(tenant.name) ?? []).map(key => ({ ...toKeyRow(key), revoked: true }))
    ]
  }))
}

type TenantColumns = Omit<Tables['tenant'], 'created_at'>
type KeyColumns = Pick<Tables['api_key'], 'id' | 'tenant' | 'digest' | 'expires_at'>
type GrantColumns = Pick<Tables['connector_grant'], 'tenant' | 'connector_id'>

function select<Row>(
  raw: DatabaseSync,
  what: string,
  tenantColumn: string,
  { where, values }: Selection
): Row[] {
  const condition = ` WHERE ${where.replaceAll('{tenant}', tenantColumn)}`
  const liveKeys = 'WITH live_key AS (SELECT * FROM api_key WHERE revoked_at IS NULL) '
  return raw.prepare(`${liveKeys}SELECT ${what}${condition}`).all(...values) as Row[]
}

/** How many revoked keys of a tenant are known: those that were revoked last. */
const revokedPerTenant = 10

/** The condition stands within: rows of other tenants are not even numbered. */
function selectRevoked(raw: DatabaseSync, { where, values }: Selection): KeyColumns[] {
  return raw
    .prepare(
      `SELECT id, tenant, digest, expires_at FROM (
         SELECT *, row_number() OVER (PARTITION BY tenant ORDER BY revoked_at DESC, id) AS place
         FROM api_key WHERE revoked_at IS NOT NULL AND ${where.replaceAll('{tenant}', 'tenant')})
       WHERE place <= ?`
    )
    .all(...values, revokedPerTenant) as KeyColumns[]
}

function toKeyRow(key: KeyColumns): KeyRow {
  return {
    id: key.id,
    digest: key.digest,
    expiresAtMs: key.expires_at === null ? null : Date.parse(key.expires_at)
  }
}
