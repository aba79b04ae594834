import { defaultOperations, isOperation, type Operation } from '../contract/operations.ts'
import { addressesOf } from './address-ranges.ts'
import { defaultCredentials } from './credential-names.ts'
import type { TenantRow } from './directory-rows.ts'
import type { Tenant } from './tenant.ts'
import { defaultTenantLimits } from './tenant-limits.ts'

const noConnectors: ReadonlySet<string> = new Set()
const everyConnector: ReadonlySet<string> = new Set(['*'])

/** The tenant in a row. What most tenants have in common is one object for all of them. */
export function tenantIn(row: Omit<TenantRow, 'keys'>): Tenant {
  return Object.freeze({
    name: row.name,
    ratePerMinute: row.ratePerMinute ?? defaultTenantLimits.ratePerMinute,
    burst: row.burst ?? defaultTenantLimits.burst,
    disabled: row.disabled,
    connectors: connectorsIn(row.connectors),
    operations: operationsIn(row.operations),
    addresses: addressesOf(row.addresses),
    credentials: row.credentials === null ? defaultCredentials : Object.freeze(row.credentials.split(','))
  })
}

function connectorsIn(ids: readonly string[]): ReadonlySet<string> {
  if (ids.length === 0) return noConnectors
  return ids.includes('*') ? everyConnector : new Set(ids)
}

/** There are few combinations, and many tenants. */
const operationSets = new Map<string, ReadonlySet<Operation>>()

function operationsIn(text: string | null): ReadonlySet<Operation> {
  if (text === null) return defaultOperations
  const known = operationSets.get(text) ?? new Set(text.split(',').filter(isOperation))
  operationSets.set(text, known)
  return known
}
