import { Problem } from '../contract/problem.ts'
import type { KeyHandle } from '../custody/credential.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { Budget } from './budget.ts'

/**
 * The first of these credentials that can take a call now, with the call taken from its budget. Throws `upstream_busy`
 * when one of them will be able to after a wait (its breaker is open, or its budget used up), and `sealed` when there is
 * no key at all.
 */
export function selectCredential(
  names: readonly string[],
  credentials: Pick<CredentialPool, 'acquire'>,
  budget: Pick<Budget, 'take'>
): KeyHandle {
  let shortest: Wait | undefined
  for (const name of names) {
    const lease = credentials.acquire(name)
    const told = 'label' in lease ? takeFrom(budget, lease) : whyNot(lease.retryAfter)
    if (told === null) return lease as KeyHandle
    if (told !== undefined && !(shortest && shortest.seconds <= told.seconds)) shortest = told
  }
  if (!shortest)
    throw new Problem('sealed', { detail: 'The gateway has no key for this call.', retryAfter: 1 })
  const { seconds, detail, limit } = shortest
  throw new Problem('upstream_busy', { detail, retryAfter: seconds, facts: { limit } })
}

/** Why a credential cannot take a call now, in words for the caller, and whose limit it is. */
type Wait = { readonly seconds: number; readonly detail: string; readonly limit: string }

/** Why no call is made with a key for a while. */
export const keyRefusedDetail = 'The upstream has refused the key of the gateway several times.'

/** Null when the call was taken from the budget. */
function takeFrom(budget: Pick<Budget, 'take'>, lease: KeyHandle): Wait | null {
  const spent = budget.take(lease.name)
  if (spent === null) return null
  lease.release()
  return {
    seconds: spent.retryAfter,
    detail: "The gateway's own budget of calls to the upstream is spent for the moment.",
    limit: spent.limit
  }
}

function whyNot(retryAfter: number | undefined): Wait | undefined {
  if (retryAfter === undefined) return undefined
  return { seconds: retryAfter, detail: keyRefusedDetail, limit: 'upstream' }
}
