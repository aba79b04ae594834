import type { Credentials } from '../custody/credentials.ts'
import type { CallFacts, OutcomeFacts } from '../ledger/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Problem } from '../problems.ts'
import type { Budget } from './budget.ts'
import { requestHeaders } from './headers.ts'
import { problemOf, type Result, resultOf, statusOf } from './result.ts'
import type { Transport } from './transport.ts'

/** The request on whose behalf a call is made. */
export type Call = {
  readonly requestId: string
  readonly clientIp: string
  /** Monotonic milliseconds at which the request arrived. */
  readonly startedAt: number
  /** True once the caller's connection has gone. */
  abandoned(): boolean
  /** Set once an intent is in the ledger: from then on an outcome, and no rejection, tells how the request ended. */
  recorded: boolean
}

/** One operation of the Content API, ready to be sent. */
export type Operation<T> = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly connectorId: string
  readonly request: { date_limit?: string }
  readonly body: string | null
  /** Reads the body of a 200, or returns null when it is not a valid answer to this operation. */
  readonly read: (body: string) => T | null
}

export type ForwardDependencies = {
  transport: Pick<Transport, 'claim' | 'release' | 'send'>
  credentials: Credentials
  budget: Pick<Budget, 'spend'>
  ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  deadlineMs: number
}

export type Forward = <T>(
  call: Call,
  caller: { tenant: string; keyId: string },
  operation: Operation<T>
) => Promise<T>

const credentialName = 'default'

/**
 * The door: the only way to the upstream. Nothing passes it without a durable intent, and nothing comes back
 * without a durable outcome. Throws a Problem for everything but a valid 200.
 */
export function openDoor({
  transport,
  credentials,
  budget,
  ledger,
  deadlineMs
}: ForwardDependencies): Forward {
  const forward: Forward = async (call, caller, operation) => {
    budget.spend(credentialName)
    const facts = factsOf(call, caller, operation, credentials.label(credentialName))
    await ledger.recordIntent(facts)
    call.recorded = true

    const exchange = await credentials.use(credentialName, secret =>
      transport.send({
        method: operation.method,
        path: operation.path,
        headers: requestHeaders(secret, call.requestId),
        body: operation.body,
        deadlineMs,
        abandoned: () => call.abandoned()
      })
    )

    const result = resultOf(exchange, operation.read, text => credentials.revealedBy(text))
    await ledger.recordOutcome(facts, outcomeOf(result, call))
    if (result.value === undefined) throw problemOf(result)
    return result.value
  }

  return async function forwardWhenThereIsRoom(call, caller, operation) {
    // Before budget and intent: a call that there is no room for costs nothing and leaves nothing behind.
    if (!transport.claim()) throw new Problem('overloaded', { retryAfter: 1 })
    try {
      return await forward(call, caller, operation)
    } finally {
      transport.release()
    }
  }
}

function factsOf(
  call: Call,
  caller: { tenant: string; keyId: string },
  operation: Pick<Operation<unknown>, 'name' | 'connectorId' | 'request'>,
  credential: string
): CallFacts {
  return {
    request_id: call.requestId,
    tenant: caller.tenant,
    key_id: caller.keyId,
    connector_id: operation.connectorId,
    operation: operation.name,
    attempt: 1,
    client_ip: call.clientIp,
    request: operation.request,
    credential
  }
}

function outcomeOf({ code, forwarded, upstream }: Result<unknown>, call: Call): OutcomeFacts {
  return {
    code,
    status: statusOf(code),
    forwarded,
    upstream_status: upstream?.status,
    upstream_request_id: upstream?.request_id,
    duration_ms: Math.round(performance.now() - call.startedAt)
  }
}
