import type { Operation } from '../contract/operations.ts'
import type { Addresses } from './address-ranges.ts'

/**
 * A tenant as requests see it. Never changed, only replaced: a request keeps the tenant that it was admitted with,
 * and the next one, on the same connection too, gets the new.
 */
export type Tenant = {
  readonly name: string
  readonly ratePerMinute: number
  readonly burst: number
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. Ask `mayUse` rather than this set. */
  readonly connectors: ReadonlySet<string>
  /** What it may do. */
  readonly operations: ReadonlySet<Operation>
  /** From where it may call. */
  readonly addresses: Addresses
  /** Names of the upstream credentials that it uses, the first to be tried first; one or more. */
  readonly credentials: readonly string[]
}

/** True when this connector, named by its lower-case id, is granted to the tenant. */
export function mayUse(tenant: Pick<Tenant, 'connectors'>, connectorId: string): boolean {
  return tenant.connectors.has(connectorId) || tenant.connectors.has('*')
}
