import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import type { StoreKeys } from '../../custody/crypto/root-key.ts'
import { type CredentialRows, readCredentialRows } from '../../custody/manage/credential-rows.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { addCredential, removeCredential, rotateCredential } from '../../custody/manage/operations.ts'
import {
  type CredentialChange,
  type CredentialTransaction,
  changeCredentialsWithin
} from '../../custody/manage/transaction.ts'
import type { NewVersion } from '../../custody/manage/versions.ts'
import type { AdminChange } from '../../ledger/entry/admin-change.ts'
import { readStates, storeTenant } from '../../tenants/tenant-state.ts'
import { changeInTransaction, type TenantAdministration } from '../../tenants/transaction.ts'
import type { CredentialStep } from './credential-plan.ts'
import { type DesiredState, planState, type StatePlan } from './plan.ts'

/** A desired state, and what was made ready for it. */
export type StateChange = {
  readonly desired: DesiredState
  readonly prune: boolean
  /** What credentials are verified and changed with; null when the file names none. */
  readonly keys: StoreKeys | null
  /** The plan of credentials for which their keys were fetched and verified. */
  readonly expected: readonly CredentialStep[]
  /** The keys that references gave, by credential. */
  readonly versions: ReadonlyMap<string, NewVersion>
}

/** How long the previous key is kept, as by `credential rotate`. */
const graceMs = 3_600_000

/**
 * Applies a desired state in one transaction, with its ledger entries and the notices that running gateways follow. The plan is
 * made in that transaction, so it says what was done; without a change nothing is written. Throws refusals, e.g.
 * `state_changed` when the credentials were changed meanwhile, and `credentials_damaged`: then nothing is changed.
 */
export async function applyState(
  administration: TenantAdministration,
  change: StateChange
): Promise<StatePlan> {
  const { raw } = administration.store
  return await changeInTransaction(administration, async (tx, at) => {
    const credentials = recordsOf(raw, change.keys)
    const current = { tenants: await readStates(tx), credentials }
    const plan = planState(current, change.desired, change.prune)
    requireExpected(plan.credentials, change.expected)
    const changes: AdminChange[] = []
    for (const { before, after } of plan.tenants) changes.push(...(await storeTenant(tx, at, before, after)))
    // After the tenants: a credential goes only when none of them uses it any more.
    changes.push(...changeStoredCredentials(raw, at, plan, change))
    administration.store.requireInPlace()
    return { result: plan, changes }
  })
}

/** The rows of credentials, verified where `keys` are given. Throws `credentials_damaged`. */
export function recordsOf(raw: DatabaseSync, keys: StoreKeys | null): CredentialRows {
  return keys ? readVerified(raw, keys).records : readCredentialRows(raw)
}

/** Keys that were fetched and verified for other versions do not fit this plan. */
function requireExpected(steps: readonly CredentialStep[], expected: readonly CredentialStep[]): void {
  if (JSON.stringify(steps) !== JSON.stringify(expected))
    throw domainError(
      'state_changed',
      'somebody else changed the credentials meanwhile: nothing is changed; try again'
    )
}

function changeStoredCredentials(
  raw: DatabaseSync,
  at: string,
  plan: StatePlan,
  { keys, versions }: StateChange
): readonly CredentialChange[] {
  if (plan.credentials.length === 0 || !keys) return []
  const { changes } = changeCredentialsWithin({ raw, keys, at }, transaction => {
    for (const step of plan.credentials) carryOut(transaction, step, versions.get(step.credential))
  })
  return changes
}

function carryOut(
  transaction: CredentialTransaction,
  { credential, action }: CredentialStep,
  version: NewVersion | undefined
): void {
  if (action === 'prune') removeCredential(transaction, credential)
  else if (!version) throw new Error(`the key of credential ${credential} was not fetched`)
  else if (action === 'create') addCredential(transaction, credential, version)
  else rotateCredential(transaction, credential, version, graceMs)
}
