import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { KeyHandle } from '../custody/key-handle.ts'
import type { Breaker } from './breaker.ts'
import type { Budget, BudgetSpent } from './budget.ts'

/** The detail while no call is made with a key. */
export const keyRejectedDetail = 'The upstream has rejected the key of the gateway several times.'
const budgetSpentDetail = "The gateway's own budget of calls to the upstream is spent for the moment."

export type CredentialChoice = {
  credentials: Pick<CredentialPool, 'acquire'>
  breaker: Pick<Breaker, 'admit'>
  budget: Pick<Budget, 'take'>
}

type Wait = { readonly retryAfter: number; readonly limit: BudgetSpent['limit'] | 'upstream' }

/**
 * The first of these credentials that can take a call now, charged to its budget. Throws `upstream_busy` when one of them can
 * after a wait (its breaker is open, or its budget spent), and `sealed` when there is no key at all.
 */
export function selectCredential(
  names: readonly string[],
  { credentials, breaker, budget }: CredentialChoice
): KeyHandle {
  let shortest: Wait | undefined
  for (const name of names) {
    const key = credentials.acquire(name)
    if (!key) continue
    const wait = breakerWait(breaker.admit(key)) ?? budget.take(name)
    if (wait === null) return key
    key.release()
    if (!shortest || wait.retryAfter < shortest.retryAfter) shortest = wait
  }
  if (!shortest)
    throw new Problem('sealed', { detail: 'The gateway has no key for this call.', retryAfter: 1 })
  const { retryAfter, limit } = shortest
  const detail = limit === 'upstream' ? keyRejectedDetail : budgetSpentDetail
  throw new Problem('upstream_busy', { detail, retryAfter, logFields: { limit } })
}

function breakerWait(retryAfter: number): Wait | null {
  return retryAfter === 0 ? null : { retryAfter, limit: 'upstream' }
}
