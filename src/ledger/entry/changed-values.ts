/**
 * The values that a change may record: none that is, or may contain, a secret or a digest of one. The list is closed also
 * because entries are searched by their text: no name here is that of a member that searches look for.
 */
export type ValueName =
  | 'rate_per_minute'
  | 'burst'
  | 'operations'
  | 'addresses'
  | 'credentials'
  | 'disabled'
  | 'connector'
  | 'expires_at'
  | 'revoked_at'
  | 'replaced_by'
  | 'name'
  | 'role'
  | 'source'
  | 'active'
  | 'standby'
  | 'standby_until'
  | 'master_key'
  | 'data_keys'

type Value = string | number | boolean | null | readonly string[]

/** Stands for a long list: its length, and the first of those that only it has. */
type ListSummary = {
  readonly count: number
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
  /** How many more were added, or removed, than are named. */
  readonly more?: number
}

/** Values by name. */
export type Values = { readonly [Name in ValueName]?: Value }

/** Values as an entry holds them: of bounded size. */
export type ChangedValues = { readonly [Name in ValueName]?: Value | ListSummary }

/** The longest list that is kept whole, and how many of a longer one are named. */
const wholeAtMost = 20
/** Characters of a text. */
const textAtMost = 256

/** The values that differ, before and after. */
export function changedValues(
  before: Values,
  after: Values
): { readonly before: ChangedValues; readonly after: ChangedValues } {
  const names = (Object.keys(after) as ValueName[]).filter(
    name => JSON.stringify(before[name]) !== JSON.stringify(after[name])
  )
  return {
    before: Object.fromEntries(names.map(name => [name, bounded(before[name], after[name], 'removed')])),
    after: Object.fromEntries(names.map(name => [name, bounded(after[name], before[name], 'added')]))
  }
}

/** The values of something new. */
export function newValues(values: Values): ChangedValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, bounded(value, [], 'added')])
  )
}

/** A list is summarized when it or the other one is long. */
function bounded(
  value: Value | undefined,
  other: Value | undefined,
  what: 'added' | 'removed'
): Value | ListSummary {
  if (typeof value === 'string' && value.length > textAtMost) return `${value.slice(0, textAtMost - 1)}…`
  const others = isList(other) ? other : []
  if (!isList(value) || Math.max(value.length, others.length) <= wholeAtMost) return value ?? null
  const own = [...new Set(value).difference(new Set(others))]
  const named = own.slice(0, wholeAtMost)
  return {
    count: value.length,
    ...(own.length > 0 && { [what]: named }),
    ...(own.length > named.length && { more: own.length - named.length })
  }
}

function isList(value: Value | undefined): value is readonly string[] {
  return Array.isArray(value)
}
