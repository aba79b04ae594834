import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import { type AttemptDependencies, attempt, type ForwardedCall } from './attempt.ts'
import type { Breaker } from './breaker.ts'
import type { Call, CallPrincipal, Operation } from './call.ts'
import { keyVerdict, type Outcome, problemOf } from './outcome.ts'
import { type CredentialChoice, selectCredential } from './select-credential.ts'
import type { Transport } from './transport/transport.ts'

export type ForwarderDependencies = AttemptDependencies &
  CredentialChoice & {
    transport: Pick<Transport, 'capacity'>
    credentials: Pick<CredentialPool, 'acquireFallback' | 'revert'>
    breaker: Pick<Breaker, 'reportAccepted' | 'reportRejected'>
    deadlineMs: number
  }

export type Forward = <T>(call: Call, caller: CallPrincipal, operation: Operation<T>) => Promise<T>

/**
 * The only way to the upstream: nothing passes it without a durable intent, or comes back without a durable outcome. Throws a
 * Problem for everything but a valid 200.
 */
export function createForwarder(dependencies: ForwarderDependencies): Forward {
  const { transport, budget, breaker, credentials, deadlineMs } = dependencies

  /** Tries another version of the credential once where the upstream rejects the key: the call is not to suffer for that. */
  async function sendWithFallback<T>(forwarded: ForwardedCall<T>): Promise<Outcome<T>> {
    const key = selectCredential(forwarded.caller.credentials, dependencies)
    const first = await attempt(dependencies, forwarded, key, 1)
    const verdict = keyVerdict(first)
    if (verdict === 'accepted') breaker.reportAccepted(key.name)
    if (verdict !== 'rejected') return first
    const fallback = credentials.acquireFallback(key)
    if (!fallback || budget.take(fallback.name) !== null) {
      fallback?.release()
      breaker.reportRejected(key.name)
      return first
    }
    const second = await attempt(dependencies, forwarded, fallback, 2)
    const secondVerdict = keyVerdict(second)
    if (secondVerdict === 'rejected') breaker.reportRejected(key.name)
    if (secondVerdict === 'accepted') {
      breaker.reportAccepted(key.name)
      credentials.revert(key, fallback)
    }
    return second
  }

  return async function forward(call, caller, operation) {
    // Before budget and intent: a call that there is no room for costs nothing and leaves nothing behind.
    if (!transport.capacity.tryAcquire(1)) throw new Problem('overloaded', { retryAfter: 1 })
    try {
      const deadlineAt = performance.now() + deadlineMs
      const outcome = await sendWithFallback({ call, caller, operation, deadlineAt })
      if (outcome.value === undefined) throw problemOf(outcome)
      return outcome.value
    } finally {
      transport.capacity.release(1)
    }
  }
}
