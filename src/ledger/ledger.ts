import { type Forwarded, Problem } from '../problems.ts'
import { AppendQueue, type AppendQueueOptions } from './append-queue.ts'
import type { EntryFields, OutcomeCode } from './entry.ts'
import { Rejections } from './rejections.ts'

/** What is known of a call before it is sent. */
export type CallIntent = {
  readonly requestId: string
  readonly tenant: string
  readonly keyId: string
  readonly connectorId: string
  readonly operation: string
  readonly attempt: number
  readonly clientIp: string
  readonly request: { readonly date_limit?: string }
  readonly credential: string
}

/** What became of a call. Members that do not apply are undefined. */
export type CallOutcome = {
  readonly code: OutcomeCode
  /** The gateway's own HTTP status; undefined when nobody is there to be answered. */
  readonly status: number | undefined
  readonly forwarded: Forwarded
  readonly upstreamStatus: number | undefined
  readonly upstreamRequestId: string | undefined
  readonly durationMs: number
}

/** A request that was refused before any call was made. Members that are not known are undefined. */
export type Rejection = {
  readonly requestId: string
  readonly code: OutcomeCode
  readonly status: number
  readonly clientIp: string
  readonly tenant: string | undefined
  readonly keyId: string | undefined
  readonly connectorId: string | undefined
  readonly operation: string
}

/**
 * The process's view of its ledger: says when something is durable. The chain and the store are on another thread,
 * behind `store`.
 */
export class Ledger {
  readonly #queue: AppendQueue
  readonly #rejections: Rejections
  #openCalls = 0

  constructor(options: Pick<AppendQueueOptions, 'store' | 'waitMs' | 'now'>) {
    this.#queue = new AppendQueue({
      ...options,
      expected: () => this.#openCalls,
      probe: () => ({ at: new Date().toISOString(), kind: 'checkpoint' })
    })
    // A rejection that cannot be stored is kept by the queue; nobody waits for it.
    this.#rejections = new Rejections(fields => void this.#queue.keep(fields).catch(ignoreUntilStored))
  }

  /** Why the ledger cannot record now, or null. */
  get fault(): Error | null {
    return this.#queue.fault
  }

  /** Resolves when the intent is durable. Throws `ledger_unavailable` when it is not: then nothing may be sent. */
  async recordIntent(intent: CallIntent): Promise<void> {
    this.#openCalls++
    try {
      await this.#queue.append(intentFields(intent), () => this.#closeUnsent(intent))
    } catch (cause) {
      this.#openCalls--
      throw new Problem('ledger_unavailable', { retryAfter: 1, cause })
    }
  }

  /**
   * Resolves when the outcome is durable. Throws `ledger_unavailable` when it is not in time: the answer must then
   * not tell the outcome, though the ledger will hold it once the store is back.
   */
  async recordOutcome(intent: CallIntent, outcome: CallOutcome): Promise<void> {
    this.#openCalls--
    try {
      await this.#queue.keep(outcomeFields(intent, outcome))
    } catch (cause) {
      throw new Problem('ledger_unavailable', {
        detail: 'The call was made, but its outcome could not be recorded in time.',
        forwarded: outcome.forwarded,
        uncertain: outcome.forwarded !== 'no',
        cause
      })
    }
  }

  /** Counts a rejection, and writes it unless a flood of its kind is under way. Never waits. */
  recordRejection(rejection: Rejection): void {
    this.#rejections.note(rejectionFields(rejection))
  }

  /** Resolves when all entries so far are durable. */
  async flush(): Promise<void> {
    this.#rejections.close()
    await this.#queue.drain()
  }

  /** The wait for an intent was given up, nothing was sent, and then the store took it all the same. */
  #closeUnsent(intent: CallIntent): void {
    const outcome: CallOutcome = {
      code: 'ledger_unavailable',
      status: 503,
      forwarded: 'no',
      upstreamStatus: undefined,
      upstreamRequestId: undefined,
      durationMs: 0
    }
    this.#queue.keep(outcomeFields(intent, outcome)).catch(ignoreUntilStored)
  }
}

/** The queue keeps such entries until they are stored and reports the fault through `fault`; no caller waits. */
function ignoreUntilStored(): void {}

function intentFields(intent: CallIntent): EntryFields {
  return {
    at: new Date().toISOString(),
    kind: 'call.intent',
    request_id: intent.requestId,
    tenant: intent.tenant,
    key_id: intent.keyId,
    connector_id: intent.connectorId,
    operation: intent.operation,
    attempt: intent.attempt,
    client_ip: intent.clientIp,
    request: intent.request,
    credential: intent.credential
  }
}

function outcomeFields(intent: CallIntent, outcome: CallOutcome): EntryFields {
  const fields = intentFields(intent)
  fields.kind = 'call.outcome'
  fields.code = outcome.code
  fields.status = outcome.status
  fields.forwarded = outcome.forwarded
  fields.upstream_status = outcome.upstreamStatus
  fields.upstream_request_id = outcome.upstreamRequestId
  fields.duration_ms = outcome.durationMs
  return fields
}

function rejectionFields(rejection: Rejection): EntryFields {
  return {
    at: new Date().toISOString(),
    kind: 'call.rejected',
    request_id: rejection.requestId,
    tenant: rejection.tenant,
    key_id: rejection.keyId,
    connector_id: rejection.connectorId,
    operation: rejection.operation,
    client_ip: rejection.clientIp,
    code: rejection.code,
    status: rejection.status
  }
}
