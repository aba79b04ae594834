import { Problem } from '../contract/problem.ts'
import type { KeyHandle } from '../custody/credential.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { Budget, BudgetSpent } from './budget.ts'

/** The detail while no call is made with a key. */
export const keyRejectedDetail = 'The upstream has rejected the key of the gateway several times.'
const budgetSpentDetail = "The gateway's own budget of calls to the upstream is spent for the moment."

type Wait = { readonly retryAfter: number; readonly limit: BudgetSpent['limit'] | 'upstream' }

/**
 * The first of these credentials that can take a call now, charged to its budget. Throws `upstream_busy` when one of them can
 * after a wait (its breaker is open, or its budget spent), and `sealed` when there is no key at all.
 */
export function selectCredential(
  names: readonly string[],
  credentials: Pick<CredentialPool, 'acquire'>,
  budget: Pick<Budget, 'take'>
): KeyHandle {
  let shortest: Wait | undefined
  for (const name of names) {
    const key = credentials.acquire(name)
    const wait = 'label' in key ? budget.take(key.name) : breakerWait(key.retryAfter)
    if (wait === null) return key as KeyHandle
    if ('label' in key) key.release()
    if (wait && (!shortest || wait.retryAfter < shortest.retryAfter)) shortest = wait
  }
  if (!shortest)
    throw new Problem('sealed', { detail: 'The gateway has no key for this call.', retryAfter: 1 })
  const { retryAfter, limit } = shortest
  const detail = limit === 'upstream' ? keyRejectedDetail : budgetSpentDetail
  throw new Problem('upstream_busy', { detail, retryAfter, facts: { limit } })
}

/** Undefined for a credential without a key, which no wait helps. */
function breakerWait(retryAfter: number | undefined): Wait | undefined {
  return retryAfter === undefined ? undefined : { retryAfter, limit: 'upstream' }
}
