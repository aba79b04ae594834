import { type CredentialRows, findCredential } from '../../custody/manage/credential-rows.ts'
import { defaultCredentials } from '../../tenants/tenant-settings.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'
import { type CredentialStep, type DesiredSources, planCredentials } from './credential-plan.ts'
import { planTenants, type TenantStep } from './tenant-plan.ts'

/** The whole state of the named tenants and credentials; others are no part of it. */
export type DesiredState = {
  readonly tenants: ReadonlyMap<string, TenantState>
  /** Null leaves all credentials as they are. */
  readonly credentials: DesiredSources | null
}

export type CurrentState = {
  readonly tenants: ReadonlyMap<string, TenantState>
  readonly credentials: CredentialRows
}

/** How many tenants and credentials, counted together, each action takes, and how many named and unnamed ones stay. */
export type PlanSummary = Readonly<Record<'create' | 'change' | 'prune' | 'unchanged' | 'unnamed', number>>

/** The way from the current state to the desired one. Each list is in the order of names. */
export type StatePlan = {
  readonly tenants: readonly TenantStep[]
  readonly credentials: readonly CredentialStep[]
  readonly summary: PlanSummary
  readonly warnings: readonly string[]
  /** Every tenant as it is afterwards. */
  readonly after: ReadonlyMap<string, TenantState>
}

/** Throws the refusals of `planCredentials`. */
export function planState(current: CurrentState, desired: DesiredState, prune: boolean): StatePlan {
  const tenants = planTenants(current.tenants, desired.tenants, prune)
  const users = prune ? usersOf(tenants.after) : null
  const nothing = { steps: [], unchanged: 0, unnamed: 0, warnings: [] }
  const credentials = desired.credentials
    ? planCredentials(current.credentials, desired.credentials, users)
    : nothing
  const steps = [...tenants.steps, ...credentials.steps]
  const count = (action: TenantStep['action']) => steps.filter(step => step.action === action).length
  return {
    tenants: tenants.steps,
    credentials: credentials.steps,
    summary: {
      create: count('create'),
      change: count('change'),
      prune: count('prune'),
      unchanged: tenants.unchanged + credentials.unchanged,
      unnamed: tenants.unnamed + credentials.unnamed
    },
    warnings: [...unknownCredentials(current, desired), ...credentials.warnings],
    after: tenants.after
  }
}

/** Whether a plan changes anything. */
export function changesAnything({ tenants, credentials }: StatePlan): boolean {
  return tenants.length + credentials.length > 0
}

/** The first tenant that uses each credential. A disabled one counts: it may be enabled again. */
function usersOf(tenants: ReadonlyMap<string, TenantState>): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  for (const { name, credentials } of tenants.values())
    for (const credential of credentials ?? defaultCredentials)
      if (!users.has(credential) || name < (users.get(credential) ?? '')) users.set(credential, name)
  return users
}

/** An unknown name is no fault, as its credential may be added later; but it may be misspelt. */
function unknownCredentials(current: CurrentState, { tenants, credentials }: DesiredState): string[] {
  const isKnown = (name: string) =>
    // Made from GATEWAY_UPSTREAM_KEY when a gateway starts.
    defaultCredentials.includes(name) ||
    credentials?.has(name) ||
    findCredential(current.credentials, name) !== undefined
  return [...tenants.values()].flatMap(({ name, credentials: named }) =>
    (named ?? [])
      .filter(credential => !isKnown(credential))
      .map(credential => `tenant ${name} names credential ${credential}, which does not exist yet`)
  )
}
