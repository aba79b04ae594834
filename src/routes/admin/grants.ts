import { Type } from '@sinclair/typebox'
import type { CommandExecutor } from '../../admin/execute-command.ts'
import type { QueryExecutor } from '../../admin/execute-query.ts'
import {
  adminHeaders,
  adminSecurity,
  GrantedConnector,
  TenantName,
  Time
} from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'

const OfTenant = Type.Object({ name: TenantName }, strict)
const OfGrant = Type.Object({ name: TenantName, connector: GrantedConnector }, strict)

const Grant = Type.Object({ tenant: TenantName, connector_id: GrantedConnector, created_at: Time })
const Connectors = Type.Unsafe<readonly string[]>(Type.Array(GrantedConnector))
const GrantsChanged = Type.Object(
  { tenant: TenantName, connectors: Connectors, changed: Connectors },
  {
    description: 'What was asked for, and the part of it that was not so before.',
    headers: adminHeaders
  }
)

type Dependencies = {
  reader: Pick<QueryExecutor, 'read'>
  administration: Pick<CommandExecutor, 'execute'>
}

const shared = { tags: ['grants'], security: adminSecurity }
const change = { ...shared, params: OfGrant, querystring: noQuery }

/** /admin/tenants/:name/grants: which connectors a tenant may use. */
export const adminGrants: Route<Dependencies> = (scope, { reader, administration }) => {
  scope.get(
    '/tenants/:name/grants',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listGrants',
        summary: 'What is granted to a tenant',
        ...shared,
        params: OfTenant,
        querystring: Type.Object(pageQuery, strict),
        response: {
          200: Page(Grant, { description: 'Grants.', headers: adminHeaders }),
          ...adminFailures({
            fault: limitFault,
            asks: 'reader',
            refusals: ['cursor_invalid', 'tenant_not_found']
          })
        }
      }
    },
    function listGrants(request) {
      return reader.read('grants', { tenant: request.params.name, ...pageSchema(request.query) })
    }
  )

  scope.put(
    '/tenants/:name/grants/:connector',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'addGrant',
        summary: 'Grant a connector, or * for every one, to a tenant',
        ...change,
        response: {
          200: GrantsChanged,
          ...adminFailures({
            asks: 'change',
            problems: ['media_type_unsupported'],
            refusals: ['tenant_not_found']
          })
        }
      }
    },
    function addGrant(request) {
      const { name: tenant, connector: connectorId } = request.params
      return administration.execute(administratorOf(request), 'addGrant', { tenant, connectorId })
    }
  )

  scope.delete(
    '/tenants/:name/grants/:connector',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'removeGrant',
        summary: 'Take a grant back from a tenant',
        ...change,
        response: {
          200: GrantsChanged,
          ...adminFailures({
            asks: 'change',
            problems: ['media_type_unsupported'],
            refusals: ['tenant_not_found', 'grant_covered']
          })
        }
      }
    },
    function removeGrant(request) {
      const { name: tenant, connector: connectorId } = request.params
      return administration.execute(administratorOf(request), 'removeGrant', { tenant, connectorId })
    }
  )
}
