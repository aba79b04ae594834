import type { Permission } from '../contract/permissions.ts'
import { Problem, type ProblemCode } from '../contract/problem.ts'
import type { RecordedCall } from '../ledger/query/recorded-calls.ts'
import { isInRanges } from './address-ranges.ts'
import type { Tenant } from './tenant.ts'

/** Why a tenant's settings refuse a call. */
export type AccessRefusal = Extract<
  ProblemCode,
  'credentials_invalid' | 'rate_limited' | 'permission_denied' | 'connector_not_found'
>

/** The permission that a call needs, by the name of its operation in the ledger. */
export const requiredPermission = { 'connector.sync': 'sync' } as const satisfies Record<string, Permission>

/** Whether a tenant may call from this address. */
export function mayCallFrom({ addresses }: Pick<Tenant, 'addresses'>, clientIp: string): boolean {
  return addresses === null || isInRanges(addresses, clientIp)
}

/** Whether the tenant has a permission. */
export function mayDo({ permissions }: Pick<Tenant, 'permissions'>, permission: Permission): boolean {
  return permissions.has(permission)
}

/** Whether this connector, named by its lower-case id, is granted to the tenant. */
export function mayUse({ connectors }: Pick<Tenant, 'connectors'>, connectorId: string): boolean {
  return connectors.has(connectorId) || connectors.has('*')
}

/**
 * The id, in lower case, of a connector that is granted to the tenant. Throws `connector_not_found` for one that is not,
 * exactly as for one that does not exist: nobody learns which connectors others have.
 */
export function requireGranted(tenant: Pick<Tenant, 'connectors'>, connectorId: string): string {
  const id = connectorId.toLowerCase()
  if (!mayUse(tenant, id)) throw Problem.of('connector_not_found')
  return id
}

/**
 * Why a call is refused, null when it is admitted: all of the above in the order in which the public listener asks it.
 * `charge` takes the call from the tenant's limit, if that has room. What is not known of a call does not refuse it.
 */
export function decideCall(
  tenant: Tenant | undefined,
  { clientIp, operation, connectorId }: Pick<RecordedCall, 'clientIp' | 'operation' | 'connectorId'>,
  charge: (tenant: Tenant) => boolean
): AccessRefusal | null {
  if (!tenant || tenant.disabled) return 'credentials_invalid'
  if (clientIp !== undefined && !mayCallFrom(tenant, clientIp)) return 'credentials_invalid'
  if (!charge(tenant)) return 'rate_limited'
  const permission = (requiredPermission as Readonly<Record<string, Permission>>)[operation ?? '']
  if (permission && !mayDo(tenant, permission)) return 'permission_denied'
  if (connectorId !== undefined && !mayUse(tenant, connectorId)) return 'connector_not_found'
  return null
}
