import { changedSettings, type SettingName, shownSettings } from '../../tenants/tenant-settings.ts'
import { grantChanges, newTenant, type TenantState } from '../../tenants/tenant-state.ts'

/** A change of one member of a tenant. `before` is null for a new tenant; null addresses are any. */
export type MemberChange =
  | { readonly field: 'disabled' | SettingName; readonly before: MemberValue; readonly after: MemberValue }
  | { readonly field: 'connectors'; readonly added: readonly string[]; readonly removed: readonly string[] }

export type MemberValue = boolean | number | readonly string[] | null

/** One change of a tenant. */
export type TenantStep = {
  readonly tenant: string
  readonly action: 'create' | 'change' | 'prune'
  /** Undefined for a new tenant. */
  readonly before: TenantState | undefined
  readonly after: TenantState
  readonly changes: readonly MemberChange[]
}

/** The step from one state of a tenant to another; null when they do not differ in effect. */
export function planTenant(before: TenantState | undefined, after: TenantState): TenantStep | null {
  const changes = memberChanges(before, after)
  if (before && changes.length === 0) return null
  return { tenant: after.name, action: before ? 'change' : 'create', before, after, changes }
}

/** Disables an unnamed tenant and takes its grants back; its settings, keys and name stay. */
export function pruneTenant(before: TenantState): TenantStep | null {
  const step = planTenant(before, { ...before, disabled: true, connectors: [] })
  return step && { ...step, action: 'prune' }
}

/** The members that differ in effect, in the order in which a tenant is shown; of a new tenant those that differ from defaults. */
function memberChanges(before: TenantState | undefined, after: TenantState): MemberChange[] {
  const start = before ?? newTenant(after.name)
  const [from, to] = [valuesOf(start), valuesOf(after)]
  const fields: (keyof typeof from)[] = changedSettings(start, after)
  if (from.disabled !== to.disabled) fields.unshift('disabled')
  const values = fields.map(field => ({ field, before: before ? from[field] : null, after: to[field] }))
  const { added, removed } = grantChanges(start, after)
  const field = 'connectors' as const
  return added.length + removed.length > 0 ? [...values, { field, added, removed }] : values
}

function valuesOf({ disabled, ...settings }: TenantState) {
  return { disabled, ...shownSettings(settings) }
}
