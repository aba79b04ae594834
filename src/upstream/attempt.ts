import type { CredentialPool } from '../custody/credential-pool.ts'
import type { KeyHandle } from '../custody/key-handle.ts'
import type { OutcomeFields } from '../ledger/entry/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Breaker } from './breaker.ts'
import type { Call, CallPrincipal, Operation } from './call.ts'
import { classify, type Outcome, statusOf } from './outcome.ts'
import { requestHeaders } from './transport/headers.ts'
import type { Transport } from './transport/transport.ts'

export type AttemptDependencies = {
  transport: Pick<Transport, 'send'>
  credentials: Pick<CredentialPool, 'containsKey' | 'containsKeyPart'>
  breaker: Pick<Breaker, 'waitSeconds'>
  ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  events: EventPublisher
}

/** A call with its operation, to be answered by a time on the monotonic clock. */
export type ForwardedCall<T> = {
  readonly call: Call
  readonly caller: CallPrincipal
  readonly operation: Operation<T>
  readonly deadlineAt: number
}

/** Sends a call once, between a durable intent and a durable outcome, and releases the key. Throws `ledger_unavailable`. */
export async function attempt<T>(
  dependencies: AttemptDependencies,
  forwarded: ForwardedCall<T>,
  key: KeyHandle,
  number: number
): Promise<Outcome<T>> {
  const { ledger, events } = dependencies
  const { call, caller, operation } = forwarded
  try {
    const facts = {
      request_id: call.requestId,
      tenant: caller.tenant,
      key_id: caller.keyId,
      connector_id: operation.connectorId,
      operation: operation.name,
      attempt: number,
      client_ip: call.clientIp,
      request: operation.request,
      credential: key.label
    }
    await ledger.recordIntent(facts)
    call.recorded = true
    const outcome = await send(dependencies, forwarded, key, number)
    if (outcome.leaksKey)
      events.publish('key.leaked', {
        incident: 'credential_echoed',
        request_id: call.requestId,
        credential: key.label
      })
    const recorded = outcomeFacts(outcome, call)
    const upstreamMs = outcome.upstreamMs + (call.attempts?.upstreamMs ?? 0)
    call.attempts = { last: facts, outcome: recorded, upstreamMs }
    await ledger.recordOutcome(facts, recorded)
    return outcome
  } finally {
    key.release()
  }
}

/** Its own function, so that nothing holds the answer's body while the outcome waits for the disk. */
async function send<T>(
  { transport, credentials, breaker }: AttemptDependencies,
  { call, operation, deadlineAt }: ForwardedCall<T>,
  key: KeyHandle,
  number: number
): Promise<Outcome<T>> {
  const { method, path, body, read } = operation
  const sharedWithKey = (text: string) => credentials.containsKeyPart(text)
  let proven: Outcome<T> | undefined
  const response = await key.use(secret =>
    transport.send({
      method,
      path,
      headers: requestHeaders(secret, call.requestId),
      body,
      deadlineMs: Math.max(1, deadlineAt - performance.now()),
      abandoned: () => call.abandoned(),
      // A fallback is another key than the one that the breaker stops.
      waitSeconds: () => (number === 1 ? breaker.waitSeconds(key) : 0),
      containsKey: bytes => credentials.containsKey(bytes),
      isProven: answer => {
        proven = classify(answer, read, sharedWithKey)
        return proven.code === 'accepted'
      }
    })
  )
  return proven ?? classify(response, read, sharedWithKey)
}

function outcomeFacts(outcome: Outcome<unknown>, { startedAt }: Call): OutcomeFields {
  const { code, forwarded, upstream, state, upstreamMs, unreachable, limit, leaksKey } = outcome
  return {
    code,
    status: statusOf(code),
    forwarded,
    upstream_status: upstream?.status,
    upstream_request_id: upstream?.request_id,
    upstream_state: state,
    duration_ms: Math.round(performance.now() - startedAt),
    upstream_ms: upstreamMs,
    cause: unreachable,
    limit,
    incident: leaksKey ? 'credential_echoed' : undefined
  }
}
