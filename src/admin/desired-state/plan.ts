import { type CredentialRows, findCredential } from '../../custody/manage/credential-rows.ts'
import { defaultCredentials } from '../../tenants/credential-names.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'
import { type CredentialStep, type DesiredSources, planCredentials } from './credential-plan.ts'
import { planTenants, type TenantStep } from './tenant-plan.ts'

/** What is to be so: all that is to be of the tenants and the credentials that are named, and nothing of others. */
export type DesiredState = {
  readonly tenants: ReadonlyMap<string, TenantState>
  /** Null when nothing is said of credentials: then none is touched. */
  readonly credentials: DesiredSources | null
}

/** What there is. */
export type CurrentState = {
  readonly tenants: ReadonlyMap<string, TenantState>
  readonly credentials: CredentialRows
}

/** How many tenants and credentials, counted together, are made, changed, pruned, or stay: as named, or not named. */
export type PlanSummary = Readonly<Record<'create' | 'change' | 'prune' | 'unchanged' | 'unnamed', number>>

/** How to come from one to the other. Each list is in the order of names. */
export type StatePlan = {
  readonly tenants: readonly TenantStep[]
  readonly credentials: readonly CredentialStep[]
  readonly summary: PlanSummary
  readonly warnings: readonly string[]
  /** Every tenant as it is afterwards. */
  readonly after: ReadonlyMap<string, TenantState>
}

/** Plans without doing anything. Throws the Refusals of `planCredentials`. */
export function planState(present: CurrentState, wanted: DesiredState, prune: boolean): StatePlan {
  const tenants = planTenants(present.tenants, wanted.tenants, prune)
  const users = prune ? usersOf(tenants.after) : null
  const nothing = { steps: [], unchanged: 0, unnamed: 0, warnings: [] }
  const credentials = wanted.credentials
    ? planCredentials(present.credentials, wanted.credentials, users)
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
    warnings: [...unknownCredentials(present, wanted), ...credentials.warnings],
    after: tenants.after
  }
}

/** Whether a plan changes anything. */
export function changesAnything({ tenants, credentials }: StatePlan): boolean {
  return tenants.length + credentials.length > 0
}

/** Of each credential that is used, the first tenant that uses it. A disabled one counts: it may be enabled again. */
function usersOf(tenants: ReadonlyMap<string, TenantState>): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  for (const { name, credentials } of tenants.values())
    for (const credential of credentials ?? defaultCredentials)
      if (!users.has(credential) || name < (users.get(credential) ?? '')) users.set(credential, name)
  return users
}

/** A credential may be added later, so a name without one is no fault; but it may be misspelt. */
function unknownCredentials(present: CurrentState, { tenants, credentials }: DesiredState): string[] {
  const isKnown = (name: string) =>
    // Made from GATEWAY_UPSTREAM_KEY when a gateway starts.
    defaultCredentials.includes(name) ||
    credentials?.has(name) ||
    findCredential(present.credentials, name) !== undefined
  return [...tenants.values()].flatMap(({ name, credentials: named }) =>
    (named ?? [])
      .filter(credential => !isKnown(credential))
      .map(credential => `tenant ${name} names credential ${credential}, which does not exist yet`)
  )
}
