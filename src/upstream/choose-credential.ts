import type { Lease } from '../custody/credential.ts'
import type { Credentials } from '../custody/credentials.ts'
import { Problem } from '../problems.ts'
import type { Budget } from './budget.ts'

/**
 * The first of these credentials that can take a call now, with the call taken from its budget. Throws `upstream_busy`
 * when one of them will be able to after a wait (its breaker is open, or its budget used up), and `sealed` when there is
 * no key at all.
 */
export function chooseCredential(
  names: readonly string[],
  credentials: Pick<Credentials, 'lease'>,
  budget: Pick<Budget, 'take'>
): Lease {
  let shortest: { wait: number; detail: string } | undefined
  for (const name of names) {
    const lease = credentials.lease(name)
    const told = 'label' in lease ? takeFrom(budget, lease) : whyNot(lease.retryAfter)
    if (told === null) return lease as Lease
    if (told !== undefined && !(shortest && shortest.wait <= told.wait)) shortest = told
  }
  if (!shortest)
    throw new Problem('sealed', { detail: 'The gateway has no key for this call.', retryAfter: 1 })
  throw new Problem('upstream_busy', { detail: shortest.detail, retryAfter: shortest.wait })
}

/** Null when the call was taken from the budget. */
function takeFrom(budget: Pick<Budget, 'take'>, lease: Lease): { wait: number; detail: string } | null {
  const wait = budget.take(lease.name)
  if (wait === 0) return null
  lease.release()
  return { wait, detail: 'The budget of upstream calls is used up.' }
}

function whyNot(retryAfter: number | undefined): { wait: number; detail: string } | undefined {
  if (retryAfter === undefined) return undefined
  return { wait: retryAfter, detail: 'The upstream has refused the key of the gateway several times.' }
}
