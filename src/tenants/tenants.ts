import { domainError } from '../contract/error-table.ts'
import { type Page, type PageRequest, positionOf, toPage } from '../contract/pagination.ts'
import { nameForm, nameInWords } from '../contract/schemas.ts'
import type { Queries } from '../store/queries.ts'
import type { Tables } from '../store/tables.ts'
import { readConnectorIds } from './grants.ts'
import { findTenant, requireTenant } from './require-tenant.ts'
import {
  type DesiredSettings,
  readSettings,
  type ShownSettings,
  settingsIn,
  shownSettings
} from './tenant-settings.ts'
import { bringTo, newTenant, readState, switched, type TenantState } from './tenant-state.ts'
import { changeTenants, type TenantAdministration, type TenantChange } from './transaction.ts'

/** A tenant as it is shown to operators. Times are RFC 3339, UTC. */
export type TenantView = {
  readonly tenant: string
  readonly disabled: boolean
  readonly created_at: string
  readonly disabled_at: string | null
} & ShownSettings

/** A tenant with all that is granted to it. */
export type TenantDetails = TenantView & { readonly connectors: readonly string[] }

/** What came of disabling or enabling; `changed` is false when it was so before. */
export type TenantChanged = TenantView & { readonly changed: boolean }

export type NewTenant = DesiredSettings & {
  readonly name: string
  /** Connector ids or `*`; none when left out. */
  readonly connectors?: readonly string[] | undefined
}

/** What is to be changed of a tenant. What is left out stays as it is; connectors take the place of all before. */
export type TenantUpdate = Omit<NewTenant, 'name'> & {
  /** Whether its keys are refused. */
  readonly disabled?: boolean | undefined
}

/** What came of an update: the tenant, and the names of what changed. */
export type TenantUpdated = TenantDetails & { readonly changed: readonly string[] }

/** Creates a tenant, with its first grants. Throws Refusal: tenant_exists, or what is wrong with the input. */
export async function createTenant(
  administration: TenantAdministration,
  wanted: NewTenant
): Promise<TenantDetails> {
  const { name } = wanted
  requireTenantName(name)
  const state = { ...newTenant(name), ...readUpdate(wanted) }
  return await changeTenants(administration, async (tx, at) => {
    if (await findTenant(tx, name)) throw domainError('tenant_exists', `tenant ${name} exists already`)
    const changes = await bringTo(tx, at, undefined, state)
    return { result: await showTenant({ db: tx }, name), changes }
  })
}

/** Changes what is named of a tenant. Throws Refusal: tenant_not_found, or what is wrong with the input. */
export async function updateTenant(
  administration: TenantAdministration,
  name: string,
  wanted: TenantUpdate
): Promise<TenantUpdated> {
  const update = readUpdate(wanted)
  return await changeTenants(administration, async (tx, at) => {
    const before = await readState(tx, await requireTenant(tx, name))
    const changes = await bringTo(tx, at, before, { ...before, ...update })
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

/** The names of what an entry tells of, as the tenant is shown. */
function whatChanged({ kind, fields = [] }: TenantChange): readonly string[] {
  if (kind.startsWith('admin.grant.')) return ['connectors']
  return kind === 'admin.tenant.update' ? fields : ['disabled']
}

/** Tenants in the order of their names. Throws Refusal: cursor_invalid. */
export async function listTenants({ db }: Queries, request: PageRequest): Promise<Page<TenantView>> {
  const [after = ''] = positionOf(request, 1) ?? []
  const rows = await db
    .selectFrom('tenant')
    .selectAll()
    .where('name', '>', after)
    .orderBy('name')
    .limit(request.limit + 1)
    .execute()
  return toPage(rows, request.limit, row => [row.name], toTenantView)
}

/** Throws Refusal: tenant_not_found. */
export async function showTenant({ db }: Queries, name: string): Promise<TenantDetails> {
  const row = await requireTenant(db, name)
  const { connectors } = await readState(db, row)
  return { ...toTenantView(row), connectors }
}

/** Disables a tenant (its keys are refused) or enables it again. Done already is done. Throws tenant_not_found. */
export async function setTenantDisabled(
  administration: TenantAdministration,
  name: string,
  disabled: boolean
): Promise<TenantChanged> {
  return await changeTenants<TenantChanged>(administration, async (tx, at) => {
    const tenant = await requireTenant(tx, name)
    if ((tenant.disabled_at !== null) === disabled)
      return { result: { ...toTenantView(tenant), changed: false }, changes: [] }
    const disabled_at = disabled ? at : null
    await tx.updateTable('tenant').set({ disabled_at }).where('name', '=', name).execute()
    return {
      result: { ...toTenantView({ ...tenant, disabled_at }), changed: true },
      changes: [switched(name, disabled)]
    }
  })
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
