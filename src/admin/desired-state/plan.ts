import {
  activeCredentials,
  type CredentialRows,
  findCredential
} from '../../custody/manage/credential-rows.ts'
import { defaultCredentials } from '../../tenants/tenant-settings.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'
import { type CredentialStep, planCredential, pruneCredential, whySpared } from './credential-plan.ts'
import { planTenant, pruneTenant, type TenantStep } from './tenant-plan.ts'

/** The whole state of the tenants and credentials that somebody names; it says nothing of others. */
export type DesiredState = {
  readonly tenants: ReadonlyMap<string, TenantState>
  /** Where the key of each comes from: `sealed` (it is in the store), or a reference. Null leaves all credentials as they are. */
  readonly credentials: ReadonlyMap<string, string> | null
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

/** With `prune`, unnamed tenants and credentials go. Throws the refusals of `planCredential`. */
export function planState(current: CurrentState, desired: DesiredState, prune: boolean): StatePlan {
  const unnamed = [...current.tenants.values()].filter(({ name }) => !desired.tenants.has(name))
  const tenants = stepsOf(
    [...desired.tenants.values()].map(state => planTenant(current.tenants.get(state.name), state)),
    unnamed.map(state => (prune ? pruneTenant(state) : null)),
    step => step.tenant
  )
  const afterwards = tenants.steps.map(({ tenant, after }) => [tenant, after] as const)
  const after = new Map([...current.tenants, ...desired.tenants, ...afterwards])
  const credentials = planCredentials(current.credentials, desired.credentials, prune ? usersOf(after) : null)
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
    after
  }
}

/** With `users` unnamed credentials are pruned. The one that follows a setting is none: it is not the store's own. */
function planCredentials(
  records: CredentialRows,
  desired: DesiredState['credentials'],
  users: ReadonlyMap<string, string> | null
) {
  const unnamed = desired
    ? activeCredentials(records).filter(
        ({ record }) => record.follows_setting === 0 && !desired.has(record.name)
      )
    : []
  const steps = stepsOf(
    [...(desired ?? [])].map(([name, source]) => planCredential(records, name, source)),
    unnamed.map(one => (users && whySpared(one, users) === null ? pruneCredential(one) : null)),
    step => step.credential
  )
  return { ...steps, warnings: users ? unnamed.flatMap(one => whySpared(one, users) ?? []) : [] }
}

/** The steps in the order of names, and how many of what is named and unnamed take none. */
function stepsOf<Step>(
  named: readonly (Step | null)[],
  unnamed: readonly (Step | null)[],
  nameOf: (step: Step) => string
) {
  const changed = named.filter(step => step !== null)
  const pruned = unnamed.filter(step => step !== null)
  return {
    steps: [...changed, ...pruned].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)),
    unchanged: named.length - changed.length,
    unnamed: unnamed.length - pruned.length
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
