import {
  type SettingName,
  settingNames,
  shownSettings,
  type TenantSettings
} from '../../tenants/tenant-settings.ts'
import { grantChanges, newTenant, type TenantState } from '../../tenants/tenant-state.ts'

/** One member of a tenant that changes. Before is null for a tenant that is new; null addresses are any. */
export type MemberChange =
  | { readonly field: 'disabled' | SettingName; readonly before: MemberValue; readonly after: MemberValue }
  | { readonly field: 'connectors'; readonly added: readonly string[]; readonly removed: readonly string[] }

export type MemberValue = boolean | number | readonly string[] | null

/** What is done about one tenant. */
export type TenantStep = {
  readonly tenant: string
  readonly action: 'create' | 'change' | 'prune'
  /** Undefined for a tenant that is new. */
  readonly before: TenantState | undefined
  readonly after: TenantState
  readonly changes: readonly MemberChange[]
}

/** What is done about all tenants. */
export type TenantPlan = {
  /** In the order of names. */
  readonly steps: readonly TenantStep[]
  readonly unchanged: number
  /** Tenants that nobody names and that stay as they are. */
  readonly unnamed: number
  /** Every tenant as it is afterwards. */
  readonly after: ReadonlyMap<string, TenantState>
}

/**
 * How to come from the tenants that there are to those wanted. With `prune` those that nobody names are disabled and
 * their grants taken back; their settings stay, as their keys and names do.
 */
export function planTenants(
  before: ReadonlyMap<string, TenantState>,
  wanted: ReadonlyMap<string, TenantState>,
  prune: boolean
): TenantPlan {
  const unnamed = [...before.values()].filter(({ name }) => !wanted.has(name))
  const named = [...wanted.values()].flatMap(state => stepTo(before.get(state.name), state) ?? [])
  const pruned = prune ? unnamed.flatMap(state => pruneStep(state) ?? []) : []
  const steps = [...named, ...pruned].sort((one, other) => (one.tenant < other.tenant ? -1 : 1))
  return {
    steps,
    unchanged: wanted.size - named.length,
    unnamed: unnamed.length - pruned.length,
    after: new Map([...before, ...wanted, ...pruned.map(({ tenant, after }) => [tenant, after] as const)])
  }
}

function stepTo(before: TenantState | undefined, after: TenantState): TenantStep | null {
  const changes = memberChanges(before, after)
  if (before && changes.length === 0) return null
  return { tenant: after.name, action: before ? 'change' : 'create', before, after, changes }
}

function pruneStep(before: TenantState): TenantStep | null {
  const step = stepTo(before, { ...before, disabled: true, connectors: [] })
  return step && { ...step, action: 'prune' }
}

/** The members that differ in effect, in the order in which a tenant is shown; of a new one those that are no default. */
function memberChanges(before: TenantState | undefined, after: TenantState): MemberChange[] {
  const start = before ?? newTenant(after.name)
  const [from, to] = [valuesOf(start), valuesOf(after)]
  const values = valueNames
    .filter(field => String(from[field]) !== String(to[field]))
    .map(field => ({ field, before: before ? from[field] : null, after: to[field] }))
  const { added, removed } = grantChanges(start, after)
  const field = 'connectors' as const
  const grants = added.length + removed.length > 0 ? [{ field, added, removed }] : []
  return [...values, ...grants]
}

const valueNames = ['disabled', ...settingNames] as const

function valuesOf({ disabled, ...settings }: TenantSettings & { disabled: boolean }) {
  return { disabled, ...shownSettings(settings) }
}
