import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { KeyHandle } from '../custody/key-handle.ts'
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

  /** Tries another version of the credential once after the upstream has rejected this one, so that the call may still succeed. */
  async function sendWithFallback<T>(
    forwarded: ForwardedCall<T>,
    rejected: KeyHandle,
    first: Outcome<T>
  ): Promise<Outcome<T>> {
    const fallback = credentials.acquireFallback(rejected)
    if (!fallback || budget.take(fallback.name) !== null) {
      fallback?.release()
      breaker.reportRejected(rejected.name)
      return first
    }
    const second = await attempt(dependencies, forwarded, fallback, 2)
    const verdict = keyVerdict(second)
    if (verdict === 'rejected') breaker.reportRejected(rejected.name)
    if (verdict === 'accepted') {
      breaker.reportAccepted(rejected.name)
      credentials.revert(rejected, fallback)
    }
    return second
  }

  return async function forward(call, caller, operation) {
    // Before budget and intent: a call that there is no room for costs nothing and leaves nothing behind.
    if (!transport.capacity.tryAcquire(1)) throw new Problem('overloaded', { retryAfter: 1 })
    try {
      const forwarded = { call, caller, operation, deadlineAt: performance.now() + deadlineMs }
      const key = selectCredential(caller.credentials, dependencies)
      let outcome = await attempt(dependencies, forwarded, key, 1)
      const verdict = keyVerdict(outcome)
      if (verdict === 'accepted') breaker.reportAccepted(key.name)
      if (verdict === 'rejected') outcome = await sendWithFallback(forwarded, key, outcome)
      if (outcome.value === undefined) throw problemOf(outcome)
      return outcome.value
    } finally {
      transport.capacity.release(1)
    }
  }
}
