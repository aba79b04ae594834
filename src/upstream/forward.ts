import type { Lease } from '../custody/credential.ts'
import type { Credentials } from '../custody/credentials.ts'
import type { CallFacts, OutcomeFacts } from '../ledger/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Problem } from '../problems.ts'
import type { Budget } from './budget.ts'
import { chooseCredential } from './choose-credential.ts'
import type { Reading } from './exchange.ts'
import { requestHeaders } from './headers.ts'
import { isKeyRefused, isKeyTaken, problemOf, type Result, resultOf, statusOf } from './result.ts'
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

export type ForwardDependencies = {
  transport: Pick<Transport, 'claim' | 'release' | 'send'>
  credentials: Pick<
    Credentials,
    'lease' | 'leaseInPlaceOf' | 'waitOf' | 'noteAcceptance' | 'noteRefusal' | 'areIn' | 'partIn'
  >
  budget: Pick<Budget, 'take'>
  ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  deadlineMs: number
  /** The upstream's answer held one of our keys. It goes no further; somebody has to look. */
  onEcho(facts: { request_id: string; credential: string }): void
}

export type Forward = <T>(call: Call, caller: OnBehalfOf, operation: Operation<T>) => Promise<T>

/**
 * The door: the only way to the upstream. Nothing passes it without a durable intent, and nothing comes back
 * without a durable outcome. Throws a Problem for everything but a valid 200.
 */
export function openDoor(parts: ForwardDependencies): Forward {
  const { transport, credentials, budget } = parts

  /** A key that the upstream refuses is no reason to refuse the caller while another version works. */
  const forward: Forward = async (call, caller, operation) => {
    const send = new Sending(parts, call, caller, operation)
    const lease = chooseCredential(caller.credentials, credentials, budget)
    const result = await send.once(lease, 1)
    if (!isKeyRefused(result)) {
      if (isKeyTaken(result)) credentials.noteAcceptance(lease)
      return valueIn(result)
    }
    const other = credentials.leaseInPlaceOf(lease)
    if (!other || budget.take(other.name) > 0) {
      other?.release()
      credentials.noteRefusal(lease)
      return valueIn(result)
    }
    const second = await send.once(other, 2)
    if (isKeyRefused(second)) credentials.noteRefusal(other)
    else if (isKeyTaken(second)) credentials.noteAcceptance(other, lease)
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

/** One operation on its way: each send of it has an intent before and an outcome behind. */
class Sending<T> {
  readonly #parts: ForwardDependencies
  readonly #call: Call
  readonly #caller: OnBehalfOf
  readonly #operation: Operation<T>
  readonly #sendBy: number

  constructor(parts: ForwardDependencies, call: Call, caller: OnBehalfOf, operation: Operation<T>) {
    this.#parts = parts
    this.#call = call
    this.#caller = caller
    this.#operation = operation
    this.#sendBy = performance.now() + parts.deadlineMs
  }

  /** Sends once, with the version leased, and gives the lease back. Throws `ledger_unavailable`. */
  async once(lease: Lease, attempt: number): Promise<Result<T>> {
    const { ledger, onEcho } = this.#parts
    const call = this.#call
    try {
      const facts = this.#factsOf(lease, attempt)
      await ledger.recordIntent(facts)
      call.recorded = true
      const { result, echoed } = await this.#send(lease)
      if (echoed) onEcho({ request_id: call.requestId, credential: lease.label })
      await ledger.recordOutcome(facts, outcomeOf(result, call, echoed))
      return result
    } finally {
      lease.release()
    }
  }

  /** Its own function, so that nothing holds the answer's body while the outcome waits for the disk. */
  async #send(lease: Lease): Promise<{ result: Result<T>; echoed: boolean }> {
    const { transport, credentials } = this.#parts
    const { method, path, body, read } = this.#operation
    const partOfKey = (text: string) => credentials.partIn(text)
    let proven: Result<T> | undefined
    const exchange = await lease.use(secret =>
      transport.send({
        method,
        path,
        headers: requestHeaders(secret, this.#call.requestId),
        body,
        deadlineMs: Math.max(1, this.#sendBy - performance.now()),
        abandoned: () => this.#call.abandoned(),
        waitSeconds: () => credentials.waitOf(lease),
        reveals: bytes => credentials.areIn(bytes),
        proves: answer => {
          proven = resultOf(answer, read, partOfKey)
          return proven.code === 'accepted'
        }
      })
    )
    const result = proven ?? resultOf(exchange, read, partOfKey)
    return { result, echoed: exchange.reveals || result.repeatsKey }
  }

  #factsOf({ label }: Lease, attempt: number): CallFacts {
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

function outcomeOf(
  { code, forwarded, upstream, state, unreachable }: Result<unknown>,
  call: Call,
  echoed: boolean
): OutcomeFacts {
  return {
    code,
    status: statusOf(code),
    forwarded,
    upstream_status: upstream?.status,
    upstream_request_id: upstream?.request_id,
    upstream_state: state,
    duration_ms: Math.round(performance.now() - call.startedAt),
    cause: unreachable,
    incident: echoed ? 'credential_echoed' : undefined
  }
}

function valueIn<T>(result: Result<T>): T {
  if (result.value === undefined) throw problemOf(result)
  return result.value
}
