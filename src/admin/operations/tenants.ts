import { type Static, type TSchema, Type } from '@sinclair/typebox'
import {
  CredentialName,
  GrantedConnector,
  TenantName,
  Time,
  TimeOrNull
} from '../../contract/admin-schemas.ts'
import { operations, type Operation as TenantOperation } from '../../contract/operations.ts'
import { Page, pageQuery } from '../../contract/page-schemas.ts'
import { strict } from '../../contract/schemas.ts'
import { largestTenantLimit } from '../../tenants/tenant-limits.ts'
import type { Operation } from './operation.ts'

const Limit = Type.Integer({
  minimum: 1,
  maximum: largestTenantLimit,
  description: `a whole number from 1 to ${largestTenantLimit}`
})
const Operations = Type.Array(Type.Unsafe<TenantOperation>({ type: 'string', enum: [...operations] }), {
  maxItems: operations.length,
  description: `what it may do, of ${operations.join(', ')}; an empty list permits nothing`,
  examples: [['sync']]
})
const Addresses = Type.Array(Type.String({ maxLength: 64 }), {
  minItems: 1,
  maxItems: 100,
  description: 'from where it may call, as addresses and CIDR ranges',
  examples: [['10.0.0.0/8', '2001:db8::/32']]
})
const Credentials = Type.Array(CredentialName, {
  minItems: 1,
  maxItems: 20,
  description: 'names of the upstream credentials it uses, the first to be tried first',
  examples: [['default']]
})
const Connectors = Type.Array(GrantedConnector, { maxItems: 300 })

const NewTenant = Type.Object(
  {
    name: TenantName,
    rate_per_minute: Type.Optional(Limit),
    burst: Type.Optional(Limit),
    operations: Type.Optional(Operations),
    addresses: Type.Optional(Addresses),
    credentials: Type.Optional(Credentials),
    connectors: Type.Optional(Connectors)
  },
  { ...strict, description: 'a JSON object with a name', examples: [{ name: 'acme', connectors: ['*'] }] }
)

const TenantUpdate = Type.Object(
  {
    rate_per_minute: Type.Optional(orDefault(Limit)),
    burst: Type.Optional(orDefault(Limit)),
    operations: Type.Optional(orDefault(Operations)),
    addresses: Type.Optional(orDefault(Addresses)),
    credentials: Type.Optional(orDefault(Credentials)),
    disabled: Type.Optional(Type.Boolean({ description: 'true or false' }))
  },
  {
    ...strict,
    minProperties: 1,
    description: 'a JSON object with what is to change',
    examples: [{ rate_per_minute: 120 }, { disabled: true }]
  }
)

/** A setting, or null for its default. */
function orDefault<T extends TSchema>(setting: T) {
  return Type.Unsafe<Static<T> | null>({
    ...setting,
    type: [setting['type'], 'null'],
    description: `${setting.description}; or null for the default`
  })
}

const facts = {
  tenant: TenantName,
  disabled: Type.Boolean(),
  created_at: Time,
  disabled_at: TimeOrNull,
  rate_per_minute: Type.Integer(),
  burst: Type.Integer(),
  operations: listOf(Type.Unsafe<TenantOperation>({ type: 'string', enum: [...operations] })),
  addresses: Type.Union([listOf(Type.String()), Type.Null()], { description: 'null: from anywhere' }),
  credentials: listOf(CredentialName)
}
const details = { ...facts, connectors: listOf(GrantedConnector) }
const Tenant = Type.Object(facts)
const TenantDetails = Type.Object(details, {
  description: 'The tenant, with all that is granted to it.'
})
const TenantChanged = Type.Object(
  {
    ...details,
    changed: Type.Unsafe<readonly string[]>({
      ...Type.Array(Type.String()),
      description: 'The names of what changed; none when all was so before.'
    })
  },
  { description: 'The tenant as it is now.' }
)

/** A list as the domains give it, which nobody may change. */
function listOf<T extends TSchema>(item: T) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(item))
}

/** Who may call the gateway, and with which limits. */
export const tenantOperations = {
  listTenants: {
    kind: 'query',
    route: 'GET /tenants',
    summary: 'List tenants by name',
    query: pageQuery,
    result: Page(Tenant, { description: 'Tenants.' }),
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
    body: NewTenant,
    result: TenantDetails,
    created: true,
    refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_exists']
  },
  updateTenant: {
    kind: 'command',
    route: 'PATCH /tenants/:name',
    summary: 'Change the settings of a tenant, disable it, or enable it again',
    body: TenantUpdate,
    result: TenantChanged,
    refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_not_found']
  }
} as const satisfies Record<string, Operation>
