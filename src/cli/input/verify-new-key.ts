import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Problem } from '../../contract/problem.ts'
import { labelOf } from '../../custody/manage/versions.ts'
import type { KeyToVerify } from '../../upstream/verify-credential.ts'
import { type OpenedStore, withUpstream } from '../with-store.ts'

/**
 * Asks the upstream, by a read that changes nothing, whether it accepts a new key; the call is in the ledger. Returns whether
 * the answer held the key. Throws DomainError: credential_refused, credential_unproven.
 */
export async function verifyNewKey(opened: OpenedStore, key: KeyToVerify): Promise<boolean> {
  const { verifyCredential } = await import('../../upstream/verify-credential.ts')
  const { problem, leaksKey } = await withUpstream(opened, upstream => verifyCredential(key, upstream))
  if (problem) throw rejectionOf(problem, labelOf(key.name, key.version))
  return leaksKey
}

function rejectionOf({ code, options }: Problem, label: string): DomainError {
  if (code === 'upstream_credential_rejected')
    return domainError(
      'credential_refused',
      `the upstream refuses the new key (${label}): nothing is changed`
    )
  const cause = options.logFields?.cause
  const why = cause === undefined ? code : `${code}: ${cause}`
  return domainError(
    'credential_unproven',
    `the new key (${label}) could not be verified (${why}): nothing is changed; try again, or give --no-proof`
  )
}
