import { defaultOperations, isOperation, type Operation } from '../contract/operations.ts'
import { defaultCredentials } from './credential-names.ts'
import { defaultSettings, type SettingColumns } from './tenant-settings.ts'

/**
 * A tenant as requests see it. Never changed, only replaced: a request keeps the tenant that it was admitted with,
 * and the next one, on the same connection too, gets the new.
 */
export type Tenant = {
  readonly name: string
  readonly ratePerMinute: number
  readonly burst: number
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. See access-policy.ts. */
  readonly connectors: ReadonlySet<string>
  /** What it may do. */
  readonly operations: ReadonlySet<Operation>
  /** From where it may call: ranges with commas; null for anywhere. */
  readonly addresses: string | null
  /** Names of the upstream credentials that it uses, the first to be tried first; one or more. */
  readonly credentials: readonly string[]
}

/** A tenant as rows hold it: its columns, and the ids of connectors that are granted to it. */
export type TenantFacts = SettingColumns & {
  readonly name: string
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. */
  readonly connectors: readonly string[]
}

const noConnectors: ReadonlySet<string> = new Set()
const everyConnector: ReadonlySet<string> = new Set(['*'])

/** The tenant in a row. What most tenants have in common is one object for all of them. */
export function tenantIn(row: TenantFacts): Tenant {
  return Object.freeze({
    name: row.name,
    ratePerMinute: row.rate_per_minute ?? defaultSettings.rate_per_minute,
    burst: row.burst ?? defaultSettings.burst,
    disabled: row.disabled,
    connectors: connectorsIn(row.connectors),
    operations: operationsIn(row.operations),
    addresses: row.addresses,
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
