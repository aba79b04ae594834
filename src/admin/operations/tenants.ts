import {
  NewTenantBody,
  TenantDetails,
  TenantUpdateBody,
  TenantUpdated,
  TenantView
} from '../../tenants/tenant-schemas.ts'
import { type AdminOperation, list } from './operation.ts'

/** Who may call the gateway, and with which limits. */
export const tenantOperations = {
  listTenants: list('GET /tenants', 'List tenants by name', TenantView),
  showTenant: {
    route: 'GET /tenants/:name',
    summary: 'Show a tenant and all its grants',
    result: TenantDetails
  },
  createTenant: {
    route: 'POST /tenants',
    summary: 'Create a tenant; without connectors it has no grants',
    body: NewTenantBody,
    result: TenantDetails,
    refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_exists']
  },
  updateTenant: {
    route: 'PATCH /tenants/:name',
    summary: 'Change the settings of a tenant, disable it, or enable it again',
    body: TenantUpdateBody,
    result: TenantUpdated,
    refusals: ['address_range_invalid', 'credential_name_invalid']
  }
} as const satisfies Record<string, AdminOperation>
