import type { Transaction } from 'kysely'
import { domainError } from '../contract/error-table.ts'
import { type Page, type PageRequest, positionOf, toPage } from '../contract/pagination.ts'
import { isConnectorId } from '../contract/schemas.ts'
import type { Queries } from '../store/queries.ts'
import type { Tables } from '../store/tables.ts'
import { requireTenant } from './require-tenant.ts'
import { changeTenants, type TenantAdministration, type TenantChange } from './transaction.ts'

/** A grant as it is shown to operators: a lower-case connector id, or `*` for every connector. */
export type GrantView = {
  readonly tenant: string
  readonly connector_id: string
  readonly created_at: string
}

/** What came of adding or removing grants: all that was asked for, and the part of it that was not so before. */
export type GrantsChanged = {
  readonly tenant: string
  readonly connectors: readonly string[]
  readonly changed: readonly string[]
}

/** Grants connectors to a tenant. One granted before stays as it is. Throws Refusal. */
export async function addGrants(
  administration: TenantAdministration,
  tenant: string,
  connectors: readonly string[]
): Promise<GrantsChanged> {
  const ids = readConnectorIds(connectors)
  return await changeTenants(administration, async (tx, at) => {
    await requireTenant(tx, tenant)
    const changes = await insertGrants(tx, at, tenant, ids)
    return { result: grantsChanged(tenant, ids, changes), changes }
  })
}

/**
 * Takes grants back. One that was not granted counts as done. Throws Refusal, e.g. grant_covered when the tenant would reach
 * what is taken back all the same.
 */
export async function removeGrants(
  administration: TenantAdministration,
  tenant: string,
  connectors: readonly string[]
): Promise<GrantsChanged> {
  const ids = readConnectorIds(connectors)
  return await changeTenants(administration, async tx => {
    await requireTenant(tx, tenant)
    await requireNotCovered(tx, tenant, ids)
    const changes = await deleteGrants(tx, tenant, ids)
    return { result: grantsChanged(tenant, ids, changes), changes }
  })
}

/** A tenant's grants in the order of their ids. Throws Refusal: tenant_not_found, cursor_invalid. */
export async function listGrants(
  { db }: Queries,
  tenant: string,
  request: PageRequest
): Promise<Page<GrantView>> {
  const [after = ''] = positionOf(request, 1) ?? []
  await requireTenant(db, tenant)
  const rows = await db
    .selectFrom('connector_grant')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('connector_id', '>', after)
    .orderBy('connector_id')
    .limit(request.limit + 1)
    .execute()
  return toPage(
    rows,
    request.limit,
    row => [row.connector_id],
    row => row
  )
}

/** Connector ids in lower case, each once, in the order given. Throws Refusal: connector_id_invalid. */
export function readConnectorIds(texts: readonly string[]): ReadonlySet<string> {
  return new Set(
    texts.map(text => {
      const id = text.toLowerCase()
      if (id !== '*' && !isConnectorId(id))
        throw domainError('connector_id_invalid', 'a connector id is a UUID, or * for all')
      return id
    })
  )
}

/** A tenant that holds `*` goes on reaching each connector that is taken back alone. */
async function requireNotCovered(
  tx: Transaction<Tables>,
  tenant: string,
  ids: ReadonlySet<string>
): Promise<void> {
  if (ids.has('*') || !(await isGranted(tx, tenant, '*'))) return
  throw domainError(
    'grant_covered',
    `tenant ${tenant} reaches every connector through *, also ${ids.size === 1 ? 'this one' : 'these'}: nothing is changed; ` +
      'grant the connectors that it is to keep, then remove *'
  )
}

async function isGranted(tx: Transaction<Tables>, tenant: string, connectorId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('connector_grant')
    .select('connector_id')
    .where('tenant', '=', tenant)
    .where('connector_id', '=', connectorId)
    .executeTakeFirst()
  return row !== undefined
}

/** Adds grants to an existing tenant in a running transaction; returns the changes made. */
export async function insertGrants(
  tx: Transaction<Tables>,
  at: string,
  tenant: string,
  ids: Iterable<string>
): Promise<TenantChange[]> {
  const changes: TenantChange[] = []
  for (const connector_id of ids) {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('connector_grant')
      .values({ tenant, connector_id, created_at: at })
      .onConflict(conflict => conflict.doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows)
      changes.push({ kind: 'admin.grant.add', tenant, connector_id, after: { connector: connector_id } })
  }
  return changes
}

/** Takes grants back in a running transaction; returns the changes made. */
export async function deleteGrants(
  tx: Transaction<Tables>,
  tenant: string,
  ids: Iterable<string>
): Promise<TenantChange[]> {
  const changes: TenantChange[] = []
  for (const connector_id of ids) {
    const { numDeletedRows } = await tx
      .deleteFrom('connector_grant')
      .where('tenant', '=', tenant)
      .where('connector_id', '=', connector_id)
      .executeTakeFirstOrThrow()
    if (numDeletedRows > 0n)
      changes.push({ kind: 'admin.grant.remove', tenant, connector_id, before: { connector: connector_id } })
  }
  return changes
}

function grantsChanged(
  tenant: string,
  ids: ReadonlySet<string>,
  changes: readonly TenantChange[]
): GrantsChanged {
  return { tenant, connectors: [...ids], changed: changes.flatMap(change => change.connector_id ?? []) }
}
