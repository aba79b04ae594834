import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import type { DirectoryChanges, DirectorySnapshot, KeyRow, TenantRow } from './directory-rows.ts'

type Db = Store['db']

/** Everything the directory holds. Runs on the store's thread. */
export async function readSnapshot({ db }: Store): Promise<DirectorySnapshot> {
  // The number first, the rows after it: a change that comes in between is read twice, never missed.
  const lastChange = await newestChange(db)
  return { lastChange, tenants: await readTenants(db) }
}

/** The tenants that changed after `lastChange`, whole, or null when none did. Runs on the store's thread. */
export async function readChanges({ db }: Store, lastChange: number): Promise<DirectoryChanges | null> {
  const changes = await db
    .selectFrom('directory_change')
    .select(['id', 'tenant'])
    .where('id', '>', lastChange)
    .orderBy('id')
    .execute()
  const newest = changes.at(-1)
  if (newest === undefined) return null
  return {
    lastChange: newest.id,
    changed: [...new Set(changes.map(change => change.tenant))],
    tenants: await readTenants(db, { after: lastChange, upTo: newest.id })
  }
}

/** Keeps the latest use of each key. A time older than the one kept is ignored: several gateways may write. */
export async function writeKeyUses({ db }: Store, uses: ReadonlyMap<string, number>): Promise<void> {
  const rows = [...uses].map(([key_id, ms]) => ({ key_id, last_used_at: new Date(ms).toISOString() }))
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    await db
      .insertInto('api_key_use')
      .values(rows.slice(from, from + rowsPerStatement))
      .onConflict(conflict =>
        conflict
          .column('key_id')
          .doUpdateSet(({ ref }) => ({ last_used_at: ref('excluded.last_used_at') }))
          .whereRef('excluded.last_used_at', '>', 'api_key_use.last_used_at')
      )
      .execute()
  }
}

/** SQLite takes 32,766 parameters in one statement. */
const rowsPerStatement = 5000

async function newestChange(db: Db): Promise<number> {
  const { newest } = await db
    .selectFrom('directory_change')
    .select(({ fn }) => fn.max<number | null>('id').as('newest'))
    .executeTakeFirstOrThrow()
  return newest ?? 0
}

/** A range of changes: those after one number, up to and with another. */
type Range = { readonly after: number; readonly upTo: number }

/** Reads the tenants named by the changes in `range`; all tenants when it is left out. */
async function readTenants(db: Db, range?: Range): Promise<TenantRow[]> {
  const narrowed = range !== undefined
  const changed = db
    .selectFrom('directory_change')
    .select('tenant')
    .where('id', '>', range?.after ?? 0)
    .where('id', '<=', range?.upTo ?? 0)
  const tenants = await db
    .selectFrom('tenant')
    .select(['name', 'disabled_at', 'rate_per_minute', 'burst'])
    .$if(narrowed, query => query.where('name', 'in', changed))
    .execute()
  const keys = await db
    .selectFrom('api_key')
    .select(['id', 'tenant', 'digest', 'expires_at'])
    .where('revoked_at', 'is', null)
    .$if(narrowed, query => query.where('tenant', 'in', changed))
    .execute()
  const grants = await db
    .selectFrom('connector_grant')
    .select(['tenant', 'connector_id'])
    .$if(narrowed, query => query.where('tenant', 'in', changed))
    .execute()
  const keysByTenant = Map.groupBy(keys, key => key.tenant)
  const grantsByTenant = Map.groupBy(grants, grant => grant.tenant)
  return tenants.map(tenant => ({
    name: tenant.name,
    disabled: tenant.disabled_at !== null,
    ratePerMinute: tenant.rate_per_minute,
    burst: tenant.burst,
    connectors: (grantsByTenant.get(tenant.name) ?? []).map(grant => grant.connector_id),
    keys: (keysByTenant.get(tenant.name) ?? []).map(toKeyRow)
  }))
}

function toKeyRow(key: Pick<Tables['api_key'], 'id' | 'digest' | 'expires_at'>): KeyRow {
  return {
    id: key.id,
    digest: key.digest,
    expiresAtMs: key.expires_at === null ? null : Date.parse(key.expires_at)
  }
}
