import { applyState, recordsOf } from '../admin/desired-state/apply.ts'
import type { CredentialStep } from '../admin/desired-state/credential-plan.ts'
import { type DesiredState, planState, type StatePlan } from '../admin/desired-state/plan.ts'
import { domainError, hasCode } from '../contract/error-table.ts'
import { readCredentialRows } from '../custody/manage/credential-rows.ts'
import type { NewVersion } from '../custody/manage/operations.ts'
import { readStates } from '../tenants/tenant-state.ts'
import type { ProcessContext } from './context.ts'
import { type NewVersionInput, newVersionInput } from './input/key.ts'
import { verifyNewKey } from './input/verify-new-key.ts'
import type { OpenedStore } from './with-store.ts'

/** What is to be so, whether what is not named goes, and whether new keys are tried upstream. */
export type Applying = { readonly wanted: DesiredState; readonly prune: boolean; readonly proof: boolean }

/**
 * Makes all so, or nothing. Keys are fetched and proven before the transaction, as others wait for that one, and zeroed
 * after it. Throws Refusal, SecretUnavailable, CustodyBroken; then nothing is changed, and the ledger tells of the proofs.
 */
export async function runApply(
  context: ProcessContext,
  opened: OpenedStore,
  { wanted, prune, proof }: Applying
): Promise<StatePlan> {
  const { store, administration } = opened
  const { credentials } = readCredentialRows(store.raw)
  // Without a credential, wanted or there, no master key is asked for: tenants alone need none.
  const needsKeys = wanted.credentials !== null && wanted.credentials.size + credentials.length > 0
  const keys = needsKeys ? opened.masterKey() : null
  const present = { tenants: await readStates(store.db), credentials: recordsOf(store.raw, keys) }
  const { credentials: expected } = planState(present, wanted, prune)
  const given = new Map<string, NewVersionInput>()
  try {
    for (const step of expected)
      if (step.after !== null)
        given.set(step.credential, await fetched(context, opened, step.credential, step.after))
    if (proof) await prove(context, opened, expected, given)
    const versions = new Map<string, NewVersion>()
    for (const [name, { version }] of given) versions.set(name, version)
    return await applyState(administration, { wanted, prune, keys, expected, versions })
  } finally {
    for (const { material } of given.values()) material.discard()
  }
}

async function fetched(
  context: ProcessContext,
  opened: OpenedStore,
  name: string,
  from: string
): Promise<NewVersionInput> {
  try {
    return await newVersionInput(context, { from }, opened)
  } catch (error) {
    if (!hasCode(error, 'secret_unavailable')) throw error
    // Of a command it does not tell which: a file may hold many.
    throw domainError('secret_unavailable', `credential ${name}: ${error.message}; nothing is changed`)
  }
}

/** As `credential rotate` does, and `credential add` does not: a new credential takes no working key's place. */
async function prove(
  context: ProcessContext,
  opened: OpenedStore,
  steps: readonly CredentialStep[],
  given: ReadonlyMap<string, NewVersionInput>
): Promise<void> {
  for (const { credential: name, action, version } of steps) {
    const material = given.get(name)?.material
    if (action === 'change' && material) await verifyNewKey(context, opened, { material, name, version })
  }
}
