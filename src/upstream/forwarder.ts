import { Problem } from '../contract/problem.ts'
import type { KeyHandle } from '../custody/credential.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CallFacts, OutcomeFacts } from '../ledger/entry/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Budget } from './budget.ts'
import { requestHeaders } from './headers.ts'
import { classify, isKeyRefused, isKeyTaken, type Outcome, problemOf } from './outcome.ts'
import { outcomeFacts } from './outcome-facts.ts'
import type { Reading } from './response.ts'
import { selectCredential } from './select-credential.ts'
import type { Transport } from './transport.ts'

/** The request on whose behalf a call is made. */
export type Call = {
  readonly requestId: string
  /** Undefined for a call that the gateway makes for itself. */
  readonly clientIp: string | undefined
  /** Monotonic milliseconds at which the request arrived. */
  readonly startedAt: number
  /** True once the caller's connection has gone. */
  abandoned(): boolean
  /** Set once an intent is in the ledger: from then on an outcome, and no rejection, tells how the request ended. */
  recorded: boolean
  /** The sends made on its behalf, for the log: undefined until one has ended. */
  sends: Sends | undefined
}

/** The last send of a request, what came of it, and how many milliseconds all of them were upstream. */
export type Sends = {
  readonly last: CallFacts
  readonly outcome: OutcomeFacts
  readonly upstreamMs: number
}

/** For whom a call is made, and the credentials that may be used for it, in their order. */
export type OnBehalfOf = {
  readonly tenant: string | undefined
  readonly keyId: string | undefined
  readonly credentials: readonly string[]
}

/** One operation of the Content API, ready to be sent. */
export type Operation<T> = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly connectorId: string | undefined
  readonly request: { date_limit?: string }
  readonly body: string | null
  /** Reads the body of a 200, or returns null when it is not a valid answer to this operation. */
  readonly read: (body: string) => Reading<T> | null
}

export type ForwarderDependencies = {
  transport: Pick<Transport, 'claim' | 'release' | 'send'>
  credentials: Pick<
    CredentialPool,
    | 'acquire'
    | 'acquireFallback'
    | 'waitOf'
    | 'reportAccepted'
    | 'reportRejected'
    | 'containsKey'
    | 'containsKeyPart'
  >
  budget: Pick<Budget, 'take'>
  ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  deadlineMs: number
  /** Gets `key.leaked` when an answer of the upstream held one of our keys. */
  events: EventPublisher
}

export type Forward = <T>(call: Call, caller: OnBehalfOf, operation: Operation<T>) => Promise<T>

/**
 * The door: the only way to the upstream. Nothing passes it without a durable intent, and nothing comes back
 * without a durable outcome. Throws a Problem for everything but a valid 200.
 */
export function createForwarder(parts: ForwarderDependencies): Forward {
  const { transport, credentials, budget } = parts

  /** A key that the upstream refuses is no reason to refuse the caller while another version works. */
  const forward: Forward = async (call, caller, operation) => {
    const send = new Sending(parts, call, caller, operation)
    const lease = selectCredential(caller.credentials, credentials, budget)
    const result = await send.once(lease, 1)
    if (!isKeyRefused(result)) {
      if (isKeyTaken(result)) credentials.reportAccepted(lease)
      return valueIn(result)
    }
    const other = credentials.acquireFallback(lease)
    if (!other || budget.take(other.name) !== null) {
      other?.release()
      credentials.reportRejected(lease)
      return valueIn(result)
    }
    const second = await send.once(other, 2)
    if (isKeyRefused(second)) credentials.reportRejected(other)
    else if (isKeyTaken(second)) credentials.reportAccepted(other, lease)
    return valueIn(second)
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

type Sent<T> = { readonly result: Outcome<T>; readonly echoed: boolean; readonly upstreamMs: number }

/** One operation on its way: each send of it has an intent before and an outcome behind. */
class Sending<T> {
  readonly #parts: ForwarderDependencies
  readonly #call: Call
  readonly #caller: OnBehalfOf
  readonly #operation: Operation<T>
  readonly #sendBy: number

  constructor(parts: ForwarderDependencies, call: Call, caller: OnBehalfOf, operation: Operation<T>) {
    this.#parts = parts
    this.#call = call
    this.#caller = caller
    this.#operation = operation
    this.#sendBy = performance.now() + parts.deadlineMs
  }

  /** Sends once, with the version leased, and gives the lease back. Throws `ledger_unavailable`. */
  async once(lease: KeyHandle, attempt: number): Promise<Outcome<T>> {
    const { ledger, events } = this.#parts
    const call = this.#call
    try {
      const facts = this.#factsOf(lease, attempt)
      await ledger.recordIntent(facts)
      call.recorded = true
      const { result, echoed, upstreamMs } = await this.#send(lease)
      if (echoed)
        events.publish('key.leaked', {
          incident: 'credential_echoed',
          request_id: call.requestId,
          credential: lease.label
        })
      const outcome = outcomeFacts(result, call, { echoed, upstreamMs })
      call.sends = { last: facts, outcome, upstreamMs: upstreamMs + (call.sends?.upstreamMs ?? 0) }
      await ledger.recordOutcome(facts, outcome)
      return result
    } finally {
      lease.release()
    }
  }

  /** Its own function, so that nothing holds the answer's body while the outcome waits for the disk. */
  async #send(lease: KeyHandle): Promise<Sent<T>> {
    const { transport, credentials } = this.#parts
    const { method, path, body, read } = this.#operation
    const partOfKey = (text: string) => credentials.containsKeyPart(text)
    let proven: Outcome<T> | undefined
    const exchange = await lease.use(secret =>
      transport.send({
        method,
        path,
        headers: requestHeaders(secret, this.#call.requestId),
        body,
        deadlineMs: Math.max(1, this.#sendBy - performance.now()),
        abandoned: () => this.#call.abandoned(),
        waitSeconds: () => credentials.waitOf(lease),
        reveals: bytes => credentials.containsKey(bytes),
        proves: answer => {
          proven = classify(answer, read, partOfKey)
          return proven.code === 'accepted'
        }
      })
    )
    const result = proven ?? classify(exchange, read, partOfKey)
    const upstreamMs = Math.round(exchange.upstreamMs)
    return { result, echoed: exchange.reveals || result.repeatsKey, upstreamMs }
  }

  #factsOf({ label }: KeyHandle, attempt: number): CallFacts {
    return {
      request_id: this.#call.requestId,
      tenant: this.#caller.tenant,
      key_id: this.#caller.keyId,
      connector_id: this.#operation.connectorId,
      operation: this.#operation.name,
      attempt,
      client_ip: this.#call.clientIp,
      request: this.#operation.request,
      credential: label
    }
  }
}

function valueIn<T>(result: Outcome<T>): T {
  if (result.value === undefined) throw problemOf(result)
  return result.value
}
