import { type Static, Type } from '@sinclair/typebox'
import { CredentialName } from '../contract/admin-schemas.ts'
import { domainError } from '../contract/error-table.ts'
import { type Operation, operations, readOperations } from '../contract/operations.ts'
import { requireCredentialName } from '../custody/manage/operations.ts'
import type { Tables } from '../store/tables.ts'
import { readAddressRanges } from './address-ranges.ts'

/** The largest rate and burst that can be set. */
export const largestTenantLimit = 1_000_000_000

const Limit = Type.Integer({
  minimum: 1,
  maximum: largestTenantLimit,
  description: `a whole number from 1 to ${largestTenantLimit}`
})
const OperationName = Type.Unsafe<Operation>({
  type: 'string',
  enum: [...operations],
  description: `one of ${operations.join(', ')}`
})
const AddressRange = Type.String({ description: 'an address range in quotes, such as "10.0.0.0/8"' })

/**
 * What is set for a tenant besides its grants, in the order in which it is shown. Bodies of the admin API, the state file,
 * types, columns and recorded changes all derive from this declaration.
 */
export const settingSchemas = {
  rate_per_minute: Limit,
  /** Calls at once. */
  burst: Limit,
  operations: Type.Array(OperationName, {
    description: `a list of any of ${operations.join(', ')}; an empty one permits none`,
    examples: [['sync']]
  }),
  addresses: Type.Array(AddressRange, {
    minItems: 1,
    description: 'a list of one address range or more, from which the tenant may call',
    examples: [['10.0.0.0/8', '2001:db8::/32']]
  }),
  credentials: Type.Array(CredentialName, {
    minItems: 1,
    description: "a list of one upstream credential's name or more, each once, the first to be tried first",
    examples: [['default']]
  })
}

type Values = { [Name in keyof typeof settingSchemas]: Static<(typeof settingSchemas)[Name]> }
export type SettingName = keyof Values
export const settingNames = Object.keys(settingSchemas) as SettingName[]

/** Null takes the default; for addresses that is any. */
export type TenantSettings = { readonly [Name in SettingName]: Readonly<Values[Name]> | null }

/** Settings as somebody asks for them, unchecked. What is left out stays as it is; null asks for the default. */
export type DesiredSettings = {
  readonly [Name in SettingName]?:
    | (Values[Name] extends number ? number : readonly string[])
    | null
    | undefined
}

/** Settings with their defaults filled in. Null addresses: any. */
export type ShownSettings = {
  readonly [Name in SettingName]: Name extends 'addresses' ? TenantSettings[Name] : Readonly<Values[Name]>
}

/** The credentials of a tenant without others. One list for all such tenants. */
export const defaultCredentials: readonly string[] = Object.freeze(['default'])

export const defaultSettings: ShownSettings = {
  rate_per_minute: 60,
  burst: 10,
  operations,
  addresses: null,
  credentials: defaultCredentials
}

/** The settings of a tenant for which nobody chose any. */
export const unsetSettings: TenantSettings = Object.freeze(eachSetting<TenantSettings>(() => null))

const readers = {
  rate_per_minute: (value: number) => readLimit('rate', value),
  burst: (value: number) => readLimit('burst', value),
  operations: readOperations,
  addresses: readAddressRanges,
  credentials: readCredentialNames
}

/** Checks the settings that are asked for. Throws a refusal that says what is wrong with one. */
export function readSettings(desired: DesiredSettings): Partial<TenantSettings> {
  const asked = settingNames.filter(name => desired[name] !== undefined)
  return Object.fromEntries(asked.map(name => [name, readSetting(name, desired[name])]))
}

function readSetting(name: SettingName, value: unknown): unknown {
  const read = readers[name] as (value: unknown) => unknown
  return value === null ? null : read(value)
}

function readLimit(what: 'rate' | 'burst', value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= largestTenantLimit) return value
  throw domainError('limit_invalid', `the ${what} must be ${Limit.description}`)
}

/** Null for the default. The credentials need not exist yet. Throws credential_name_invalid. */
function readCredentialNames(names: readonly string[]): readonly string[] | null {
  for (const name of names) requireCredentialName(name)
  if (names.length === 0)
    throw domainError('credential_name_invalid', 'a tenant needs one credential or more')
  if (new Set(names).size < names.length)
    throw domainError('credential_name_invalid', 'a credential can be named once only')
  return names.length === 1 && names[0] === 'default' ? null : names
}

/** Settings as the columns of a tenant's row hold them: lists as texts with commas. */
export type SettingColumns = Pick<Tables['tenant'], SettingName>

export function settingsIn(row: SettingColumns): TenantSettings {
  return eachSetting(name => {
    const value = row[name]
    if (typeof value !== 'string') return value
    return value === '' ? [] : value.split(',')
  })
}

export function settingColumns(settings: TenantSettings): SettingColumns {
  return eachSetting(name => {
    const value = settings[name]
    return typeof value === 'object' && value !== null ? value.join(',') : value
  })
}

/** Fills defaults in. */
export function shownSettings(settings: TenantSettings): ShownSettings {
  return eachSetting(name => settings[name] ?? defaultSettings[name])
}

/** Which settings differ in effect: to choose what is the default anyway changes nothing. */
export function changedSettings(before: TenantSettings, after: TenantSettings): SettingName[] {
  const [shownBefore, shownAfter] = [shownSettings(before), shownSettings(after)]
  return settingNames.filter(name => String(shownBefore[name]) !== String(shownAfter[name]))
}

function eachSetting<T extends { readonly [Name in SettingName]: unknown }>(
  value: (name: SettingName) => T[SettingName]
): T {
  return Object.fromEntries(settingNames.map(name => [name, value(name)])) as T
}
