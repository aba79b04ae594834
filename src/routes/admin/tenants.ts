import { Type } from '@sinclair/typebox'
import type { CommandExecutor } from '../../admin/execute-command.ts'
import type { QueryExecutor } from '../../admin/execute-query.ts'
import { adminHeaders, adminSecurity, TenantName } from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { ofBodies } from '../../contract/problem-responses.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'
import {
  NewTenantBody,
  TenantDetails,
  TenantUpdateBody,
  TenantUpdated,
  TenantView
} from '../../tenants/tenant-schemas.ts'

const Params = Type.Object({ name: TenantName }, strict)
export type AdminDependencies = {
  reader: Pick<QueryExecutor, 'read'>
  administration: Pick<CommandExecutor, 'execute'>
}

const shared = { tags: ['tenants'], security: adminSecurity }

/** /admin/tenants: who may call the gateway, and with which limits. */
export const adminTenants: Route<AdminDependencies> = (scope, dependencies) => {
  addReads(scope, dependencies)
  addChanges(scope, dependencies)
}

const addReads: Route<AdminDependencies> = (scope, { reader }) => {
  scope.get(
    '/tenants',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listTenants',
        summary: 'Tenants in the order of their names',
        ...shared,
        querystring: Type.Object(pageQuery, strict),
        response: {
          200: Page(TenantView, { description: 'Tenants.', headers: adminHeaders }),
          ...adminFailures({ fault: limitFault, asks: 'reader', refusals: ['cursor_invalid'] })
        }
      }
    },
    function listTenants(request) {
      return reader.read('tenants', pageSchema(request.query))
    }
  )

  scope.get(
    '/tenants/:name',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'showTenant',
        summary: 'One tenant, with all that is granted to it',
        ...shared,
        params: Params,
        querystring: noQuery,
        response: {
          200: TenantDetails,
          ...adminFailures({ asks: 'reader', refusals: ['tenant_not_found'] })
        }
      }
    },
    function showTenant(request) {
      return reader.read('tenant', { tenant: request.params.name })
    }
  )
}

const addChanges: Route<AdminDependencies> = (scope, { administration }) => {
  scope.post(
    '/tenants',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'createTenant',
        summary: 'Create a tenant; without connectors nothing is granted to it',
        ...shared,
        querystring: noQuery,
        body: NewTenantBody,
        response: {
          201: TenantDetails,
          ...adminFailures({
            asks: 'change',
            problems: ofBodies,
            refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_exists']
          })
        }
      }
    },
    async function createTenant(request, reply) {
      reply.code(201)
      return await administration.execute(administratorOf(request), 'createTenant', request.body)
    }
  )

  scope.patch(
    '/tenants/:name',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'updateTenant',
        summary: 'Change the settings of a tenant, disable it, or enable it again',
        ...shared,
        params: Params,
        querystring: noQuery,
        body: TenantUpdateBody,
        response: {
          200: TenantUpdated,
          ...adminFailures({
            asks: 'change',
            problems: ofBodies,
            refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_not_found']
          })
        }
      }
    },
    function updateTenant(request) {
      return administration.execute(administratorOf(request), 'updateTenant', {
        ...request.body,
        tenant: request.params.name
      })
    }
  )
}
