import type { Kysely, Transaction } from 'kysely'
import { changedValues, newValues } from '../ledger/entry/changed-values.ts'
import type { Tables } from '../store/tables.ts'
import { deleteGrants, insertGrants } from './grants.ts'
import {
  changedSettings,
  settingColumns,
  settingsIn,
  shownSettings,
  type TenantSettings,
  unsetSettings
} from './tenant-settings.ts'
import type { TenantChange } from './transaction.ts'

/** All that can be decided about a tenant: what it is to be, or what it is now. */
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
  const grants = await db
    .selectFrom('connector_grant')
    .select(['tenant', 'connector_id'])
    .orderBy('tenant')
    .orderBy('connector_id')
    .execute()
  const granted = Map.groupBy(grants, grant => grant.tenant)
  return new Map(tenants.map(row => [row.name, stateOf(row, granted.get(row.name) ?? [])]))
}

/** One tenant as it is now, from its row. */
export async function readState(db: Kysely<Tables>, row: Tables['tenant']): Promise<TenantState> {
  const grants = await db
    .selectFrom('connector_grant')
    .select('connector_id')
    .where('tenant', '=', row.name)
    .orderBy('connector_id')
    .execute()
  return stateOf(row, grants)
}

function stateOf(row: Tables['tenant'], grants: readonly { connector_id: string }[]): TenantState {
  return {
    ...settingsIn(row),
    name: row.name,
    disabled: row.disabled_at !== null,
    connectors: grants.map(grant => grant.connector_id)
  }
}

/**
 * Makes a tenant what it is to be, in a running transaction: creates it when there was none before. Returns the changes
 * as the ledger tells them; none when all was so already.
 */
export async function storeTenant(
  tx: Transaction<Tables>,
  at: string,
  before: TenantState | undefined,
  after: TenantState
): Promise<TenantChange[]> {
  const { name: tenant, disabled } = after
  const start = before ?? newTenant(tenant)
  const fields = changedSettings(start, after)
  const changed = fields.length > 0 && { fields }
  const [shownBefore, shownAfter] = [shownSettings(start), shownSettings(after)]
  const changes: TenantChange[] = []
  if (before === undefined) {
    const row = { name: tenant, created_at: at, disabled_at: null, ...settingColumns(after) }
    await tx.insertInto('tenant').values(row).execute()
    changes.push({ kind: 'admin.tenant.create', tenant, ...changed, after: newValues(shownAfter) })
  } else if (changed) {
    await tx.updateTable('tenant').set(settingColumns(after)).where('name', '=', tenant).execute()
    const values = changedValues(shownBefore, shownAfter)
    changes.push({ kind: 'admin.tenant.update', tenant, ...changed, ...values })
  }
  if (start.disabled !== disabled) {
    const disabled_at = disabled ? at : null
    await tx.updateTable('tenant').set({ disabled_at }).where('name', '=', tenant).execute()
    changes.push(switched(tenant, disabled))
  }
  const { added, removed } = grantChanges(start, after)
  changes.push(...(await insertGrants(tx, at, tenant, added)), ...(await deleteGrants(tx, tenant, removed)))
  return changes
}

/** That a tenant was disabled, or enabled again, as the ledger tells it. */
export function switched(tenant: string, disabled: boolean): TenantChange {
  const kind = disabled ? 'admin.tenant.disable' : 'admin.tenant.enable'
  return { kind, tenant, before: { disabled: !disabled }, after: { disabled } }
}

/** Which connectors are granted, and which taken back, to come from one state to the other. */
export function grantChanges(before: TenantState, after: TenantState) {
  const [held, wanted] = [new Set(before.connectors), new Set(after.connectors)]
  return { added: [...wanted.difference(held)], removed: [...held.difference(wanted)] }
}
