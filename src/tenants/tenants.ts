import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import { type Administration, changeDirectory } from './change-directory.ts'
import { insertGrants, readConnectorIds } from './grants.ts'
import { type Page, type PageRequest, positionOf, toPage } from './page.ts'
import { Refusal } from './refusal.ts'
import { findTenant, requireTenant } from './require-tenant.ts'
import { defaultTenantLimits, largestTenantLimit } from './tenant-limits.ts'

/** A tenant as it is shown to operators. Times are RFC 3339, UTC. */
export type TenantView = {
  readonly tenant: string
  readonly disabled: boolean
  readonly created_at: string
  readonly disabled_at: string | null
  readonly rate_per_minute: number
  readonly burst: number
}

/** A tenant with all that is granted to it. */
export type TenantDetails = TenantView & { readonly connectors: readonly string[] }

/** What came of disabling or enabling; `changed` is false when it was so before. */
export type TenantChanged = TenantView & { readonly changed: boolean }

export type NewTenant = {
  readonly name: string
  /** Calls per minute; the default when left out. */
  readonly ratePerMinute?: number | undefined
  /** Calls at once; the default when left out. */
  readonly burst?: number | undefined
  /** Connector ids or `*`; none when left out. */
  readonly connectors?: readonly string[] | undefined
}

/** Creates a tenant, with its first grants. Throws Refusal: tenant_exists, or what is wrong with the input. */
export async function createTenant(
  administration: Administration,
  wanted: NewTenant
): Promise<TenantDetails> {
  const { name } = wanted
  requireTenantName(name)
  const rate_per_minute = tenantLimit('rate', wanted.ratePerMinute)
  const burst = tenantLimit('burst', wanted.burst)
  const connectors = readConnectorIds(wanted.connectors ?? [])
  return await changeDirectory(administration, async (tx, at) => {
    if (await findTenant(tx, name)) throw new Refusal('tenant_exists', `tenant ${name} exists already`)
    const row = { name, created_at: at, disabled_at: null, rate_per_minute, burst }
    await tx.insertInto('tenant').values(row).execute()
    const granted = await insertGrants(tx, at, name, connectors)
    const fields = [...(rate_per_minute ? ['rate_per_minute'] : []), ...(burst ? ['burst'] : [])]
    return {
      result: { ...toTenantView(row), connectors: [...connectors].sort() },
      changes: [
        { kind: 'admin.tenant.create', tenant: name, ...(fields.length > 0 && { fields }) },
        ...granted
      ]
    }
  })
}

/** Tenants in the order of their names. Throws Refusal: cursor_invalid. */
export async function listTenants({ db }: Store, request: PageRequest): Promise<Page<TenantView>> {
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
export async function showTenant({ db }: Store, name: string): Promise<TenantDetails> {
  const tenant = await requireTenant(db, name)
  const grants = await db
    .selectFrom('connector_grant')
    .select('connector_id')
    .where('tenant', '=', name)
    .orderBy('connector_id')
    .execute()
  return { ...toTenantView(tenant), connectors: grants.map(grant => grant.connector_id) }
}

/** Disables a tenant (its keys are refused) or enables it again. Done already is done. Throws tenant_not_found. */
export async function setTenantDisabled(
  administration: Administration,
  name: string,
  disabled: boolean
): Promise<TenantChanged> {
  return await changeDirectory<TenantChanged>(administration, async (tx, at) => {
    const tenant = await requireTenant(tx, name)
    if ((tenant.disabled_at !== null) === disabled)
      return { result: { ...toTenantView(tenant), changed: false }, changes: [] }
    const disabled_at = disabled ? at : null
    await tx.updateTable('tenant').set({ disabled_at }).where('name', '=', name).execute()
    return {
      result: { ...toTenantView({ ...tenant, disabled_at }), changed: true },
      changes: [{ kind: disabled ? 'admin.tenant.disable' : 'admin.tenant.enable', tenant: name }]
    }
  })
}

function requireTenantName(name: string): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name))
    throw new Refusal(
      'tenant_name_invalid',
      'a tenant name has 1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit'
    )
}

function tenantLimit(what: 'rate' | 'burst', value: number | undefined): number | null {
  if (value === undefined) return null
  if (Number.isInteger(value) && value >= 1 && value <= largestTenantLimit) return value
  throw new Refusal('limit_invalid', `the ${what} must be a whole number from 1 to ${largestTenantLimit}`)
}

function toTenantView(row: Tables['tenant']): TenantView {
  return {
    tenant: row.name,
    disabled: row.disabled_at !== null,
    created_at: row.created_at,
    disabled_at: row.disabled_at,
    rate_per_minute: row.rate_per_minute ?? defaultTenantLimits.ratePerMinute,
    burst: row.burst ?? defaultTenantLimits.burst
  }
}
