import { domainError } from '../contract/error-table.ts'
import type { Page, PageRequest } from '../contract/pagination.ts'
import { isConnectorId } from '../contract/schemas.ts'
import { selectPage } from '../store/keyset-pagination.ts'
import type { Queries } from '../store/queries.ts'
import type { Tables } from '../store/tables.ts'
import { readState, requireTenant, storeTenant } from './tenant-state.ts'
import { changeInTransaction, type TenantAdministration } from './transaction.ts'

/** A grant as operators see it: a lower-case connector id, or `*` for every connector. */
export type GrantView = Readonly<Tables['connector_grant']>

/** All connectors that a change named, and those whose grant it changed. */
export type GrantsChanged = {
  readonly tenant: string
  readonly connectors: readonly string[]
  readonly changed: readonly string[]
}

type Ids = ReadonlySet<string>

/** Changes grants. Throws tenant_not_found, connector_id_invalid. */
type GrantChange = (
  administration: TenantAdministration,
  tenant: string,
  connectors: readonly string[]
) => Promise<GrantsChanged>

/** Grants connectors to a tenant. */
export const addGrants = grantChange((held, ids) => held.union(ids))

/** Takes grants back. Throws also grant_covered when `*` still covers them. */
export const removeGrants = grantChange((held, ids, tenant) => {
  requireNotCovered(tenant, held, ids)
  return held.difference(ids)
})

function grantChange(change: (held: Ids, ids: Ids, tenant: string) => Ids): GrantChange {
  return async (administration, tenant, connectors) => {
    const ids = readConnectorIds(connectors)
    return await changeInTransaction(administration, async (tx, at) => {
      const state = await readState(tx, tenant)
      const held = new Set(state.connectors)
      // Those that the caller names first: changes are recorded and answered in the caller's order.
      const before = { ...state, connectors: [...new Set([...ids].filter(id => held.has(id))).union(held)] }
      const after = change(new Set(before.connectors), ids, tenant)
      const changes = await storeTenant(tx, at, before, { ...before, connectors: [...after] })
      const changed = changes.flatMap(({ connector_id }) => connector_id ?? [])
      return { result: { tenant, connectors: [...ids], changed }, changes }
    })
  }
}

/** A tenant's grants in the order of their ids. Throws tenant_not_found, cursor_invalid. */
export async function listGrants(
  { db }: Queries,
  tenant: string,
  request: PageRequest
): Promise<Page<GrantView>> {
  const query = db.selectFrom('connector_grant').selectAll().where('tenant', '=', tenant)
  const page = await selectPage(query, ['connector_id'], request, row => row)
  await requireTenant(db, tenant)
  return page
}

/** Connector ids in lower case, each once, in the order given. Throws connector_id_invalid. */
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

/** With `*` a tenant still reaches a connector whose own grant is removed. */
function requireNotCovered(tenant: string, held: Ids, ids: Ids): void {
  if (ids.has('*') || !held.has('*')) return
  throw domainError(
    'grant_covered',
    `tenant ${tenant} reaches every connector through *, also ${ids.size === 1 ? 'this one' : 'these'}: nothing is changed; ` +
      'grant the connectors that it is to keep, then remove *'
  )
}
