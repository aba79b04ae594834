import { domainError } from '../contract/error-table.ts'
import type { Page, PageRequest } from '../contract/pagination.ts'
import { nameForm, nameInWords } from '../contract/schemas.ts'
import type { AdminChange } from '../ledger/entry/admin-change.ts'
import { selectPage } from '../store/keyset-pagination.ts'
import type { Queries } from '../store/queries.ts'
import type { Tables } from '../store/tables.ts'
import { readConnectorIds } from './grants.ts'
import type { TenantDetails, TenantUpdated, TenantView } from './tenant-schemas.ts'
import { type DesiredSettings, readSettings, settingsIn, shownSettings } from './tenant-settings.ts'
import {
  findTenant,
  newTenant,
  readState,
  requireTenant,
  storeTenant,
  type TenantState
} from './tenant-state.ts'
import { changeInTransaction, type TenantAdministration } from './transaction.ts'

export type NewTenant = DesiredSettings & {
  readonly name: string
  /** Connector ids or `*`; none when left out. */
  readonly connectors?: readonly string[] | undefined
}

/** What is left out stays as it is; connectors replace all grants. */
export type TenantUpdate = Omit<NewTenant, 'name'> & {
  /** Whether its keys are refused. */
  readonly disabled?: boolean | undefined
}

/** Creates a tenant, with its first grants. Throws tenant_exists, or the refusal of an input. */
export async function createTenant(
  administration: TenantAdministration,
  desired: NewTenant
): Promise<TenantDetails> {
  const { name } = desired
  requireTenantName(name)
  const state = { ...newTenant(name), ...readUpdate(desired) }
  return await changeInTransaction(administration, async (tx, at) => {
    if (await findTenant(tx, name)) throw domainError('tenant_exists', `tenant ${name} exists already`)
    const changes = await storeTenant(tx, at, undefined, state)
    return { result: await showTenant({ db: tx }, name), changes }
  })
}

/** Throws tenant_not_found, or the refusal of an input. */
export async function updateTenant(
  administration: TenantAdministration,
  name: string,
  desired: TenantUpdate
): Promise<TenantUpdated> {
  const update = readUpdate(desired)
  return await changeInTransaction(administration, async (tx, at) => {
    const before = await readState(tx, name)
    const changes = await storeTenant(tx, at, before, { ...before, ...update })
    const changed = new Set(changes.flatMap(whatChanged))
    return { result: { ...(await showTenant({ db: tx }, name)), changed: [...changed] }, changes }
  })
}

function readUpdate({ connectors, disabled, ...settings }: TenantUpdate): Partial<TenantState> {
  return {
    ...readSettings(settings),
    ...(connectors && { connectors: [...readConnectorIds(connectors)] }),
    ...(disabled !== undefined && { disabled })
  }
}

/** The names of changed members, as a tenant is shown. */
function whatChanged({ kind, fields = [] }: AdminChange): readonly string[] {
  if (kind.startsWith('admin.grant.')) return ['connectors']
  return kind === 'admin.tenant.update' ? fields : ['disabled']
}

/** Tenants in the order of their names. Throws cursor_invalid. */
export async function listTenants({ db }: Queries, request: PageRequest): Promise<Page<TenantView>> {
  return await selectPage(db.selectFrom('tenant').selectAll(), ['name'], request, toTenantView)
}

/** Throws tenant_not_found. */
export async function showTenant({ db }: Queries, name: string): Promise<TenantDetails> {
  const row = await requireTenant(db, name)
  const { connectors } = await readState(db, name)
  return { ...toTenantView(row), connectors }
}

/** Disables a tenant, so that its keys are refused, or enables it again. Throws tenant_not_found. */
export async function setTenantDisabled(
  administration: TenantAdministration,
  name: string,
  disabled: boolean
): Promise<TenantView & { readonly changed: boolean }> {
  const { connectors, changed, ...tenant } = await updateTenant(administration, name, { disabled })
  return { ...tenant, changed: changed.length > 0 }
}

function requireTenantName(name: string): void {
  if (!new RegExp(nameForm).test(name))
    throw domainError('tenant_name_invalid', `a tenant name has ${nameInWords}`)
}

function toTenantView(row: Tables['tenant']): TenantView {
  return {
    tenant: row.name,
    disabled: row.disabled_at !== null,
    created_at: row.created_at,
    disabled_at: row.disabled_at,
    ...shownSettings(settingsIn(row))
  }
}
