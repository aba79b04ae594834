import { Type } from '@sinclair/typebox'
import { GrantedConnector, TenantName, Time } from '../../contract/admin-schemas.ts'
import { type AdminOperation, list } from './operation.ts'

const Grant = Type.Object({ tenant: TenantName, connector_id: GrantedConnector, created_at: Time })
const Connectors = Type.Unsafe<readonly string[]>(Type.Array(GrantedConnector))
const GrantsChanged = Type.Object(
  { tenant: TenantName, connectors: Connectors, changed: Connectors },
  { description: 'The connectors of the request, and those of them whose grants changed.' }
)

/** Which connectors a tenant may use. */
export const grantOperations = {
  listGrants: list('GET /tenants/:name/grants', 'List the grants of a tenant', Grant),
  addGrant: {
    route: 'PUT /tenants/:name/grants/:connector',
    summary: 'Grant a connector, or * for every one, to a tenant',
    result: GrantsChanged
  },
  removeGrant: {
    route: 'DELETE /tenants/:name/grants/:connector',
    summary: 'Remove a grant of a tenant',
    result: GrantsChanged,
    refusals: ['grant_covered']
  }
} as const satisfies Record<string, AdminOperation>
