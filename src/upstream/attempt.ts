import type { CredentialPool } from '../custody/credential-pool.ts'
import type { KeyHandle } from '../custody/key-handle.ts'
import type { OutcomeFields } from '../ledger/entry/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Breaker } from './breaker.ts'
import type { Call, CallPrincipal, Operation } from './call.ts'
import { classify, type Outcome, statusOf } from './outcome.ts'
import { requestHeaders } from './transport/headers.ts'
import type { UpstreamRequest, UpstreamResponse } from './transport/response.ts'
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
  const { transport, ledger, events } = dependencies
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
    const outcome = await transport.send(new AttemptRequest(dependencies, forwarded, key, number))
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

/**
 * The request of an attempt. It classifies its response at once and does not keep it: no body takes memory while the outcome
 * waits for the disk.
 */
class AttemptRequest<T> implements UpstreamRequest<Outcome<T>> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: string[]
  readonly body: string | null
  readonly deadlineAt: number
  readonly #dependencies: AttemptDependencies
  readonly #forwarded: ForwardedCall<T>
  readonly #key: KeyHandle
  readonly #number: number

  constructor(
    dependencies: AttemptDependencies,
    forwarded: ForwardedCall<T>,
    key: KeyHandle,
    number: number
  ) {
    const { call, operation, deadlineAt } = forwarded
    this.method = operation.method
    this.path = operation.path
    this.headers = key.use(secret => requestHeaders(secret, call.requestId))
    this.body = operation.body
    this.deadlineAt = deadlineAt
    this.#dependencies = dependencies
    this.#forwarded = forwarded
    this.#key = key
    this.#number = number
  }

  abandoned(): boolean {
    return this.#forwarded.call.abandoned()
  }

  /** A fallback is another key than the one that the breaker stops. */
  waitSeconds(): number {
    return this.#number === 1 ? this.#dependencies.breaker.waitSeconds(this.#key) : 0
  }

  containsKey(bytes: Buffer): boolean {
    return this.#dependencies.credentials.containsKey(bytes)
  }

  classify(response: UpstreamResponse): Outcome<T> {
    return classify(response, this.#forwarded.operation.read, this.#dependencies.credentials)
  }

  isProven({ code }: Outcome<T>): boolean {
    return code === 'accepted'
  }
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
