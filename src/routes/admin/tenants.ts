import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { CommandExecutor } from '../../admin/execute-command.ts'
import type { QueryExecutor } from '../../admin/execute-query.ts'
import {
  adminHeaders,
  adminSecurity,
  CredentialName,
  GrantedConnector,
  TenantName,
  Time,
  TimeOrNull
} from '../../contract/admin-schemas.ts'
import { type Operation, operations } from '../../contract/operations.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { ofBodies } from '../../contract/problem-responses.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'
import { largestTenantLimit } from '../../tenants/tenant-limits.ts'

const Params = Type.Object({ name: TenantName }, strict)
const Limit = Type.Integer({
  minimum: 1,
  maximum: largestTenantLimit,
  description: `a whole number from 1 to ${largestTenantLimit}`
})
const Operations = Type.Array(Type.Unsafe<Operation>({ type: 'string', enum: [...operations] }), {
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
  operations: listOf(Type.Unsafe<Operation>({ type: 'string', enum: [...operations] })),
  addresses: Type.Union([listOf(Type.String()), Type.Null()], { description: 'null: from anywhere' }),
  credentials: listOf(CredentialName)
}
const details = { ...facts, connectors: listOf(GrantedConnector) }
const Tenant = Type.Object(facts)
const TenantDetails = Type.Object(details, {
  description: 'The tenant, with all that is granted to it.',
  headers: adminHeaders
})
const TenantChanged = Type.Object(
  {
    ...details,
    changed: Type.Unsafe<readonly string[]>({
      ...Type.Array(Type.String()),
      description: 'The names of what changed; none when all was so before.'
    })
  },
  { description: 'The tenant as it is now.', headers: adminHeaders }
)

/** A list as the domains give it, which nobody may change. */
function listOf<T extends TSchema>(item: T) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(item))
}

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
          200: Page(Tenant, { description: 'Tenants.', headers: adminHeaders }),
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
        body: NewTenant,
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
      const { rate_per_minute: ratePerMinute, ...wanted } = request.body
      reply.code(201)
      return await administration.execute(administratorOf(request), 'createTenant', {
        ...wanted,
        ratePerMinute
      })
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
        body: TenantUpdate,
        response: {
          200: TenantChanged,
          ...adminFailures({
            asks: 'change',
            problems: ofBodies,
            refusals: ['address_range_invalid', 'credential_name_invalid', 'tenant_not_found']
          })
        }
      }
    },
    function updateTenant(request) {
      const { rate_per_minute: ratePerMinute, ...wanted } = request.body
      return administration.execute(administratorOf(request), 'updateTenant', {
        ...wanted,
        tenant: request.params.name,
        ratePerMinute
      })
    }
  )
}
