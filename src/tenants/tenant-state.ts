import type { Kysely, Transaction } from 'kysely'
import { domainError } from '../contract/error-table.ts'
import type { AdminChange } from '../ledger/entry/admin-change.ts'
import { changedValues, newValues } from '../ledger/entry/changed-values.ts'
import type { Tables } from '../store/tables.ts'
import {
  changedSettings,
  settingColumns,
  settingsIn,
  shownSettings,
  type TenantSettings,
  unsetSettings
} from './tenant-settings.ts'

/** All that can be decided about a tenant, as it is or as somebody wants it. */
export type TenantState = TenantSettings & {
  readonly name: string
  readonly disabled: boolean
  /** Lower-case connector ids or `*`. */
  readonly connectors: readonly string[]
}

/** A tenant that does not exist yet: nothing is granted to it. */
export function newTenant(name: string): TenantState {
  return { ...unsetSettings, name, disabled: false, connectors: [] }
}

/** Every tenant as it is now, in the order of names. */
export async function readStates(db: Kysely<Tables>): Promise<ReadonlyMap<string, TenantState>> {
  const tenants = await db.selectFrom('tenant').selectAll().orderBy('name').execute()
  const granted = Map.groupBy(await selectGrants(db).execute(), grant => grant.tenant)
  return new Map(tenants.map(row => [row.name, stateOf(row, granted.get(row.name) ?? [])]))
}

/** One tenant as it is now. Throws tenant_not_found. */
export async function readState(db: Kysely<Tables>, name: string): Promise<TenantState> {
  const row = await requireTenant(db, name)
  return stateOf(row, await selectGrants(db).where('tenant', '=', name).execute())
}

/** The tenant's row. Throws tenant_not_found. */
export async function requireTenant(db: Kysely<Tables>, name: string): Promise<Tables['tenant']> {
  const tenant = await findTenant(db, name)
  if (tenant === undefined) throw domainError('tenant_not_found', 'there is no tenant with this name')
  return tenant
}

export async function findTenant(db: Kysely<Tables>, name: string): Promise<Tables['tenant'] | undefined> {
  return await db.selectFrom('tenant').selectAll().where('name', '=', name).executeTakeFirst()
}

function selectGrants(db: Kysely<Tables>) {
  const grants = db.selectFrom('connector_grant').select(['tenant', 'connector_id'])
  return grants.orderBy('tenant').orderBy('connector_id')
}

function stateOf(row: Tables['tenant'], grants: readonly { connector_id: string }[]): TenantState {
  return {
    ...settingsIn(row),
    name: row.name,
    disabled: row.disabled_at !== null,
    connectors: grants.map(grant => grant.connector_id)
  }
}

/** Brings a tenant from one state to another, or creates it. Returns the changes that the ledger records. */
export async function storeTenant(
  tx: Transaction<Tables>,
  at: string,
  before: TenantState | undefined,
  after: TenantState
): Promise<AdminChange[]> {
  const { name: tenant, disabled } = after
  const start = before ?? newTenant(tenant)
  const fields = changedSettings(start, after)
  const changed = fields.length > 0 && { fields }
  const changes: AdminChange[] = []
  if (before === undefined) {
    const row = { name: tenant, created_at: at, disabled_at: null, ...settingColumns(after) }
    await tx.insertInto('tenant').values(row).execute()
    changes.push({ kind: 'admin.tenant.create', tenant, ...changed, after: newValues(shownSettings(after)) })
  } else if (changed) {
    await tx.updateTable('tenant').set(settingColumns(after)).where('name', '=', tenant).execute()
    const values = changedValues(shownSettings(start), shownSettings(after))
    changes.push({ kind: 'admin.tenant.update', tenant, ...changed, ...values })
  }
  if (start.disabled !== disabled) {
    const disabled_at = disabled ? at : null
    await tx.updateTable('tenant').set({ disabled_at }).where('name', '=', tenant).execute()
    const kind = disabled ? 'admin.tenant.disable' : 'admin.tenant.enable'
    changes.push({ kind, tenant, before: { disabled: !disabled }, after: { disabled } })
  }
  return [...changes, ...(await storeGrants(tx, at, start, after))]
}

async function storeGrants(
  tx: Transaction<Tables>,
  at: string,
  before: TenantState,
  after: TenantState
): Promise<AdminChange[]> {
  const tenant = after.name
  const changes: AdminChange[] = []
  const { added, removed } = grantChanges(before, after)
  for (const connector_id of added) {
    await tx.insertInto('connector_grant').values({ tenant, connector_id, created_at: at }).execute()
    changes.push({ kind: 'admin.grant.add', tenant, connector_id, after: { connector: connector_id } })
  }
  for (const connector_id of removed) {
    const grant = tx.deleteFrom('connector_grant').where('tenant', '=', tenant)
    await grant.where('connector_id', '=', connector_id).execute()
    changes.push({ kind: 'admin.grant.remove', tenant, connector_id, before: { connector: connector_id } })
  }
  return changes
}

/** Which connectors are granted, and which taken back, between two states. */
export function grantChanges(before: TenantState, after: TenantState) {
  const [held, desired] = [new Set(before.connectors), new Set(after.connectors)]
  return { added: [...desired.difference(held)], removed: [...held.difference(desired)] }
}
