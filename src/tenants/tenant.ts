import { defaultPermissions, isPermission, type Permission } from '../contract/permissions.ts'
import { defaultCredentials, defaultSettings, type SettingColumns } from './tenant-settings.ts'

/**
 * A tenant as requests see it. Immutable: a request keeps the tenant that it was admitted with, and the next request, also on
 * the same connection, gets its replacement.
 */
export type Tenant = {
  readonly name: string
  readonly ratePerMinute: number
  readonly burst: number
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. See access-policy.ts. */
  readonly connectors: ReadonlySet<string>
  readonly permissions: ReadonlySet<Permission>
  /** From where it may call: ranges with commas; null for anywhere. */
  readonly addresses: string | null
  /** Names of upstream credentials, one or more, the first to be tried first. */
  readonly credentials: readonly string[]
}

/** A tenant as rows hold it, with its grants. */
export type TenantColumns = SettingColumns & {
  readonly name: string
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. */
  readonly connectors: readonly string[]
}

const noConnectors: ReadonlySet<string> = new Set()
const everyConnector: ReadonlySet<string> = new Set(['*'])

/** Tenants share one object for what most of them have in common. */
export function tenantIn(row: TenantColumns): Tenant {
  return Object.freeze({
    name: row.name,
    ratePerMinute: row.rate_per_minute ?? defaultSettings.rate_per_minute,
    burst: row.burst ?? defaultSettings.burst,
    disabled: row.disabled,
    connectors: connectorsIn(row.connectors),
    permissions: permissionsIn(row.operations),
    addresses: row.addresses,
    credentials: row.credentials === null ? defaultCredentials : Object.freeze(row.credentials.split(','))
  })
}

function connectorsIn(ids: readonly string[]): ReadonlySet<string> {
  if (ids.length === 0) return noConnectors
  return ids.includes('*') ? everyConnector : new Set(ids)
}

/** By the text of the column: few combinations, many tenants. */
const permissionSets = new Map<string, ReadonlySet<Permission>>()

function permissionsIn(text: string | null): ReadonlySet<Permission> {
  if (text === null) return defaultPermissions
  const known = permissionSets.get(text) ?? new Set(text.split(',').filter(isPermission))
  permissionSets.set(text, known)
  return known
}
