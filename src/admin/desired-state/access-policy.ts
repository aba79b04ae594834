import type { Operation } from '../../contract/operations.ts'
import type { ProblemCode } from '../../contract/problem.ts'
import type { RecordedCall } from '../../ledger/query/recorded-calls.ts'
import { judge } from '../../limits/gcra.ts'
import { mayUse, type Tenant, tenantIn } from '../../tenants/tenant.ts'
import { settingColumns } from '../../tenants/tenant-settings.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'

/** Why a tenant's settings refuse a call. */
export type PolicyRefusal = Extract<
  ProblemCode,
  'credentials_invalid' | 'rate_limited' | 'permission_denied' | 'connector_not_found'
>

/** What a tenant must be permitted to do for an operation, as the ledger names it. */
const permissions: Readonly<Record<string, Operation>> = { 'connector.sync': 'sync' }

/**
 * Decides calls under the settings that tenants have in one state, as the public listener does and in the same order. The
 * limits are full at the beginning; calls are to be given in the order of time.
 */
export class AccessPolicy {
  readonly #tenants: ReadonlyMap<string, Tenant>
  readonly #tats = new Map<string, number>()

  constructor(states: ReadonlyMap<string, TenantState>) {
    this.#tenants = new Map(
      [...states].map(([name, state]) => [name, tenantIn({ ...state, ...settingColumns(state) })])
    )
  }

  /** Why the call is refused; null when it is admitted. What is not known of a call does not refuse it. */
  decide({ tenant: name, atUs, clientIp, operation, connectorId }: RecordedCall): PolicyRefusal | null {
    const tenant = this.#tenants.get(name)
    if (!tenant || tenant.disabled) return 'credentials_invalid'
    if (clientIp !== undefined && !tenant.addresses.admits(clientIp)) return 'credentials_invalid'
    if (!this.#charge(tenant, atUs)) return 'rate_limited'
    const permission = permissions[operation ?? '']
    if (permission && !tenant.operations.has(permission)) return 'permission_denied'
    if (connectorId !== undefined && !mayUse(tenant, connectorId)) return 'connector_not_found'
    return null
  }

  #charge(tenant: Tenant, atUs: number): boolean {
    const verdict = judge(tenant, this.#tats.get(tenant.name) ?? 0, atUs)
    if (verdict.allowed) this.#tats.set(tenant.name, verdict.tat)
    return verdict.allowed
  }
}
