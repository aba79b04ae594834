import { Page, pageQuery } from '../../contract/page-schemas.ts'
import {
  NewTenantBody,
  TenantDetails,
  TenantUpdateBody,
  TenantUpdated,
  TenantView
} from '../../tenants/tenant-schemas.ts'
import type { AdminOperation } from './operation.ts'

/** Who may call the gateway, and with which limits. */
export const tenantOperations = {
  listTenants: {
    kind: 'query',
    route: 'GET /tenants',
    summary: 'List tenants by name',
    query: pageQuery,
    result: Page(TenantView, { description: 'Tenants.' }),
    refusals: ['cursor_invalid']
  },
  showTenant: {
    kind: 'query',
    route: 'GET /tenants/:name',
    summary: 'Show a tenant and all its grants',
    result: TenantDetails,
    refusals: ['tenant_not_found']
  },
  createTenant: {
    kind: 'command',
    route: 'POST /tenants',
    summary: 'Create a tenant; without connectors it has no grants',
    body: NewTenantBody,
    result: TenantDetails,
    created: true,
    refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_exists']
  },
  updateTenant: {
    kind: 'command',
    route: 'PATCH /tenants/:name',
    summary: 'Change the settings of a tenant, disable it, or enable it again',
    body: TenantUpdateBody,
    result: TenantUpdated,
    refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_not_found']
  }
} as const satisfies Record<string, AdminOperation>
