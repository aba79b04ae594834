import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import type { StoreKeys } from '../../custody/crypto/root-key.ts'
import { type CredentialRows, readCredentialRows } from '../../custody/manage/credential-rows.ts'
import { readProven } from '../../custody/manage/manifest.ts'
import {
  addCredentialWithin,
  type NewVersion,
  removeCredentialWithin,
  rotateCredentialWithin
} from '../../custody/manage/operations.ts'
import {
  type CredentialChange,
  type CredentialTransaction,
  changeCredentialsWithin
} from '../../custody/manage/transaction.ts'
import { changeWithEntries } from '../../ledger/writer/admin-entries.ts'
import { bringTo, readStates } from '../../tenants/tenant-state.ts'
import { noticeTenants, type TenantAdministration, type TenantChange } from '../../tenants/transaction.ts'
import type { CredentialStep } from './credential-plan.ts'
import { type DesiredState, planState, type StatePlan } from './plan.ts'

/** What is to be so, and what was made ready for it. */
export type StateChange = {
  readonly wanted: DesiredState
  readonly prune: boolean
  /** What credentials are read and changed with; null when none of them is to be proved, as nothing is said of them. */
  readonly keys: StoreKeys | null
  /** What was planned for credentials when their keys were fetched and proven. */
  readonly expected: readonly CredentialStep[]
  /** The keys that references gave, by the credentials of that plan. */
  readonly versions: ReadonlyMap<string, NewVersion>
}

/** How long the key before is kept, as by `credential rotate`. */
const graceMs = 3_600_000

/**
 * Makes everything as it is to be, in one transaction with its ledger entries and the notices that running gateways follow.
 * It is planned in that transaction, so what is returned is what was done; without a change nothing is written. Throws
 * Refusal, e.g. `state_changed` when others have changed the credentials meanwhile, and CustodyBroken: then nothing is
 * changed.
 */
export async function applyState(
  { store, administrator, clock }: TenantAdministration,
  change: StateChange
): Promise<StatePlan> {
  const at = clock()
  const { raw } = store
  return await changeWithEntries(store, administrator, at, async tx => {
    const credentials = recordsOf(raw, change.keys)
    const present = { tenants: await readStates(tx), credentials }
    const plan = planState(present, change.wanted, change.prune)
    requireExpected(plan.credentials, change.expected)
    const changes: TenantChange[] = []
    for (const { before, after } of plan.tenants)
      changes.push(...(await bringTo(tx, at.toISOString(), before, after)))
    await noticeTenants(tx, changes)
    // After the tenants: a credential goes only when none of them uses it any more.
    const more = changeStoredCredentials(raw, at.toISOString(), plan, change)
    store.requireInPlace()
    return { result: plan, changes: [...changes, ...more] }
  })
}

/** All that the store holds of credentials: proved with `keys`, or without them as it stands there. Throws CustodyBroken. */
export function recordsOf(raw: DatabaseSync, keys: StoreKeys | null): CredentialRows {
  return keys ? readProven(raw, keys).records : readCredentialRows(raw)
}

/** The keys were fetched, and proven, for other versions: what was planned for these is not what would be done. */
function requireExpected(steps: readonly CredentialStep[], expected: readonly CredentialStep[]): void {
  if (JSON.stringify(steps) !== JSON.stringify(expected))
    throw domainError(
      'state_changed',
      'the credentials were changed by somebody else meanwhile: nothing is changed; try again'
    )
}

function changeStoredCredentials(
  raw: DatabaseSync,
  at: string,
  plan: StatePlan,
  { keys, versions }: StateChange
): readonly CredentialChange[] {
  if (plan.credentials.length === 0 || !keys) return []
  const { changes } = changeCredentialsWithin({ raw, keys, at }, transaction => ({
    result: null,
    changes: plan.credentials.flatMap(step => carryOut(transaction, step, versions.get(step.credential)))
  }))
  return changes
}

function carryOut(
  transaction: CredentialTransaction,
  { credential, action }: CredentialStep,
  version: NewVersion | undefined
): readonly CredentialChange[] {
  if (action === 'prune') return removeCredentialWithin(transaction, credential).changes
  if (!version) throw new Error(`the key of credential ${credential} was not fetched`)
  if (action === 'create') return addCredentialWithin(transaction, credential, version).changes
  return rotateCredentialWithin(transaction, credential, version, graceMs).changes
}
