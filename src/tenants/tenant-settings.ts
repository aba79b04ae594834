import { domainError } from '../contract/error-table.ts'
import { type Operation, operations, readOperations } from '../contract/operations.ts'
import type { Tables } from '../store/tables.ts'
import { readAddressRanges } from './address-ranges.ts'
import { defaultCredentials, readCredentialNames } from './credential-names.ts'
import { defaultTenantLimits, largestTenantLimit } from './tenant-limits.ts'

/** What is set for a tenant besides its grants. Null takes the default; for addresses that is any. */
export type TenantSettings = {
  readonly rate_per_minute: number | null
  readonly burst: number | null
  readonly operations: readonly Operation[] | null
  readonly addresses: readonly string[] | null
  readonly credentials: readonly string[] | null
}

/** Settings as somebody asks for them, not read yet. What is left out is not asked for; null asks for the default. */
export type DesiredSettings = {
  /** Calls per minute. */
  readonly ratePerMinute?: number | null | undefined
  /** Calls at once. */
  readonly burst?: number | null | undefined
  /** What it may do; an empty list permits nothing. */
  readonly operations?: readonly string[] | null | undefined
  /** From where it may call, as addresses and CIDR ranges; null lifts the restriction. */
  readonly addresses?: readonly string[] | null | undefined
  /** Which upstream credentials it uses, the first to be tried first. */
  readonly credentials?: readonly string[] | null | undefined
}

/** Settings with their defaults filled in, as they are shown. Null addresses: any. */
export type ShownSettings = {
  readonly rate_per_minute: number
  readonly burst: number
  readonly operations: readonly Operation[]
  readonly addresses: readonly string[] | null
  readonly credentials: readonly string[]
}

/** The names of the settings, in the order in which they are shown. */
export const settingNames = ['rate_per_minute', 'burst', 'operations', 'addresses', 'credentials'] as const
export type SettingName = (typeof settingNames)[number]

/** The settings of a tenant for which nobody chose any. */
export const defaultSettings: TenantSettings = Object.freeze({
  rate_per_minute: null,
  burst: null,
  operations: null,
  addresses: null,
  credentials: null
})

/** The settings that are asked for, read; throws the Refusal that says what is wrong with one. */
export function readSettings(wanted: DesiredSettings): Partial<TenantSettings> {
  const { ratePerMinute, burst, operations, addresses, credentials } = wanted
  return {
    ...(ratePerMinute !== undefined && { rate_per_minute: tenantLimit('rate', ratePerMinute) }),
    ...(burst !== undefined && { burst: tenantLimit('burst', burst) }),
    ...(operations !== undefined && { operations: operations && readOperations(operations) }),
    ...(addresses !== undefined && { addresses: addresses && readAddressRanges(addresses) }),
    ...(credentials !== undefined && { credentials: credentials && readCredentialNames(credentials) })
  }
}

/** The settings in a tenant's row. */
export function settingsIn(
  row: Omit<Tables['tenant'], 'name' | 'created_at' | 'disabled_at'>
): TenantSettings {
  return {
    rate_per_minute: row.rate_per_minute,
    burst: row.burst,
    operations: listIn(row.operations) as readonly Operation[] | null,
    addresses: listIn(row.addresses),
    credentials: listIn(row.credentials)
  }
}

/** Settings as the columns of a tenant's row. */
export function settingColumns(settings: TenantSettings) {
  const { rate_per_minute, burst, operations, addresses, credentials } = settings
  return {
    rate_per_minute,
    burst,
    operations: operations?.join(',') ?? null,
    addresses: addresses?.join(',') ?? null,
    credentials: credentials?.join(',') ?? null
  }
}

/** Settings with their defaults filled in. */
export function shownSettings(settings: TenantSettings): ShownSettings {
  return {
    rate_per_minute: settings.rate_per_minute ?? defaultTenantLimits.ratePerMinute,
    burst: settings.burst ?? defaultTenantLimits.burst,
    operations: settings.operations ?? operations,
    addresses: settings.addresses,
    credentials: settings.credentials ?? defaultCredentials
  }
}

/** Which settings differ in effect: to choose what is the default anyway changes nothing. */
export function changedSettings(before: TenantSettings, after: TenantSettings): SettingName[] {
  const [shownBefore, shownAfter] = [shownSettings(before), shownSettings(after)]
  return settingNames.filter(name => String(shownBefore[name]) !== String(shownAfter[name]))
}

function listIn(text: string | null): readonly string[] | null {
  return text === '' ? [] : (text?.split(',') ?? null)
}

function tenantLimit(what: 'rate' | 'burst', value: number | null): number | null {
  if (value === null) return null
  if (Number.isInteger(value) && value >= 1 && value <= largestTenantLimit) return value
  throw domainError('limit_invalid', `the ${what} must be a whole number from 1 to ${largestTenantLimit}`)
}
