import type { DatabaseSync } from 'node:sqlite'
import type { StoreFile } from '../store/sqlite/store-file.ts'
import { inTransaction } from '../store/sqlite/transaction.ts'
import type { Tables } from '../store/tables.ts'
import type { DirectoryChanges, DirectorySnapshot, TenantPage, TenantRow } from './directory-rows.ts'
import { type KeyColumns, keyColumns, toKeyRow } from './keys/key-row.ts'
import { settingNames } from './tenant-settings.ts'

/** Runs on the store's thread, like all below. */
export function readSnapshot(store: StoreFile): DirectorySnapshot {
  const { raw } = store
  // The number before the rows: a change in between is read twice, never missed.
  const { newest } = raw.prepare('SELECT coalesce(max(id), 0) AS newest FROM directory_change').get() as {
    newest: number
  }
  return { lastChange: newest, ...readTenantPage(store, '') }
}

const tenantsPerPage = 2_000

/** The page of tenants after this name. */
export function readTenantPage({ raw }: StoreFile, after: string): TenantPage {
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

/** The tenants that changed after `lastChange`, or null when none did. */
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

/** Keeps the latest use of each key: several gateways may write. */
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

/** How many revoked keys of a tenant the directory knows, the last ones. */
const revokedPerTenant = 10

function readTenants(raw: DatabaseSync, { where, values }: Selection): TenantRow[] {
  const ofTenant = where.replaceAll('{tenant}', 'tenant')
  const tenants = raw
    .prepare(
      `SELECT name, disabled_at, ${settingNames.join(', ')} FROM tenant
       WHERE ${where.replaceAll('{tenant}', 'name')}`
    )
    .all(...values) as TenantColumns[]
  const grants = raw
    .prepare(`SELECT tenant, connector_id FROM connector_grant WHERE ${ofTenant}`)
    .all(...values) as GrantColumns[]
  // The condition is within the numbered rows, so that those of other tenants are not numbered.
  const keys = raw
    .prepare(
      `SELECT tenant, ${keyColumns} FROM api_key WHERE revoked_at IS NULL AND ${ofTenant} UNION ALL
       SELECT tenant, ${keyColumns} FROM (
         SELECT *, row_number() OVER (PARTITION BY tenant ORDER BY revoked_at DESC, id) AS position
         FROM api_key WHERE revoked_at IS NOT NULL AND ${ofTenant})
       WHERE position <= ?`
    )
    .all(...values, ...values, revokedPerTenant) as (KeyColumns & { tenant: string })[]
  const keysByTenant = Map.groupBy(keys, key => key.tenant)
  const grantsByTenant = Map.groupBy(grants, grant => grant.tenant)
  return tenants.map(({ disabled_at, ...tenant }) => ({
    ...tenant,
    disabled: disabled_at !== null,
    connectors: (grantsByTenant.get(tenant.name) ?? []).map(grant => grant.connector_id),
    keys: (keysByTenant.get(tenant.name) ?? []).map(toKeyRow)
  }))
}

type TenantColumns = Omit<Tables['tenant'], 'created_at'>
type GrantColumns = Pick<Tables['connector_grant'], 'tenant' | 'connector_id'>
