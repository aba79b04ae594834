import { applyState, recordsOf } from '../admin/desired-state/apply.ts'
import type { CredentialStep } from '../admin/desired-state/credential-plan.ts'
import { type DesiredState, planState, type StatePlan } from '../admin/desired-state/plan.ts'
import { domainError, hasCode } from '../contract/error-table.ts'
import { readCredentialRows } from '../custody/manage/credential-rows.ts'
import { readStates } from '../tenants/tenant-state.ts'
import { type NewVersionInput, newVersionInput } from './input/key.ts'
import { verifyNewKey } from './input/verify-new-key.ts'
import type { OpenedStore } from './with-store.ts'

/** A desired state, whether unnamed tenants and credentials go, and whether new keys are tried upstream. */
type Applying = { readonly desired: DesiredState; readonly prune: boolean; readonly proof: boolean }

/**
 * Applies a desired state, whole or not at all. Keys are fetched and verified before the transaction, as other writers wait
 * for it, and zeroed after it. Throws refusals, `secret_unavailable`, `credentials_damaged`; then nothing is changed, and the
 * ledger holds the verifications.
 */
export async function runApply(opened: OpenedStore, { desired, prune, proof }: Applying): Promise<StatePlan> {
  const { store, administration } = opened
  const { credentials } = readCredentialRows(store.raw)
  // Where no credential is desired and none is there, tenants alone need no master key.
  const needsKeys = desired.credentials !== null && desired.credentials.size + credentials.length > 0
  const keys = needsKeys ? await opened.masterKey() : null
  const current = { tenants: await readStates(store.db), credentials: recordsOf(store.raw, keys) }
  const { credentials: expected } = planState(current, desired, prune)
  const inputs = new Map<string, NewVersionInput>()
  try {
    for (const { credential, after } of expected)
      if (after !== null) inputs.set(credential, await fetchVersion(opened, credential, after))
    if (proof) await verifyChanged(opened, expected, inputs)
    const versions = new Map([...inputs].map(([name, { version }]) => [name, version]))
    return await applyState(administration, { desired, prune, keys, expected, versions })
  } finally {
    for (const { material } of inputs.values()) material.discard()
  }
}

async function fetchVersion(opened: OpenedStore, name: string, from: string): Promise<NewVersionInput> {
  try {
    return await newVersionInput(opened, { from })
  } catch (error) {
    if (!hasCode(error, 'secret_unavailable')) throw error
    // The message about a command does not say which: a file may hold many.
    throw domainError('secret_unavailable', `credential ${name}: ${error.message}; nothing is changed`)
  }
}

/** Like `credential rotate`, and unlike `credential add`: a new credential replaces no working key. */
async function verifyChanged(
  opened: OpenedStore,
  steps: readonly CredentialStep[],
  inputs: ReadonlyMap<string, NewVersionInput>
): Promise<void> {
  for (const { credential: name, action, version } of steps) {
    const material = inputs.get(name)?.material
    if (action === 'change' && material) await verifyNewKey(opened, { material, name, version })
  }
}
