import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Problem } from '../../contract/problem.ts'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import type { KeyMaterial } from '../../custody/key-material.ts'
import { labelOf } from '../../custody/manage/versions.ts'
import { SynchronousLedger } from '../../ledger/writer/synchronous-ledger.ts'
import type { ProcessContext } from '../context.ts'
import type { OpenedStore } from '../with-store.ts'

/** A key that is to become this version of a credential. */
export type NewKey = { readonly material: KeyMaterial; readonly name: string; readonly version: number }

/**
 * Asks the upstream, by a read that changes nothing, whether it takes a new key; the call is in the ledger. Returns whether
 * the answer held the key. Throws Refusal: credential_refused, credential_unproven.
 */
export async function verifyNewKey(
  { administrator: { role, version: program, pid } }: ProcessContext,
  { config, store, masterKey }: OpenedStore,
  key: NewKey
): Promise<boolean> {
  const { verifyCredential } = await import('../../upstream/verify-credential.ts')
  const ledger = new SynchronousLedger(store, { role, version: program, pid }, ledgerSigner(masterKey()))
  try {
    const { upstreamOrigin: origin, upstreamDeadlineMs: deadlineMs } = config
    const { problem, leaksKey } = await verifyCredential(key, { origin, deadlineMs, ledger })
    if (problem) throw refusalOf(problem, labelOf(key.name, key.version))
    return leaksKey
  } finally {
    ledger.close()
  }
}

function refusalOf({ code, options }: Problem, label: string): DomainError {
  if (code === 'upstream_credential_rejected')
    return domainError(
      'credential_refused',
      `the upstream refuses the new key (${label}): nothing is changed`
    )
  const cause = options.facts?.cause
  const why = cause === undefined ? code : `${code}: ${cause}`
  return domainError(
    'credential_unproven',
    `the new key (${label}) could not be proven (${why}): nothing is changed; try again, or give --no-proof`
  )
}
