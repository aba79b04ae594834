import { type Forwarded, Problem } from '../problems.ts'
import { AppendQueue, type AppendQueueOptions } from './append-queue.ts'
import type { EntryFields, OutcomeCode } from './entry.ts'
import { Rejections } from './rejections.ts'

/** What is known of a call before it is sent. */
export type CallIntent = {
  requestId: string
  tenant: string
  keyId: string
  connectorId: string
  operation: string
  attempt: number
  clientIp: string
  request: { date_limit?: string }
  credential: string
}

/** What became of a call. */
export type CallOutcome = {
  code: OutcomeCode
  /** The gateway's own HTTP status; absent when nobody is there to be answered. */
  status?: number
  forwarded: Forwarded
  upstreamStatus?: number
  upstreamRequestId?: string
  durationMs: number
}

/** A request that was refused before any call was made. */
export type Rejection = {
  requestId: string
  code: OutcomeCode
  status: number
  clientIp: string
  tenant?: string
  keyId?: string
  connectorId?: string
  operation?: string
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
    this.#queue = new AppendQueue({ ...options, expected: () => this.#openCalls })
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
    const outcome: CallOutcome = { code: 'ledger_unavailable', status: 503, forwarded: 'no', durationMs: 0 }
    this.#queue.keep(outcomeFields(intent, outcome)).catch(ignoreUntilStored)
  }
}

/** The queue keeps such entries until they are stored and reports the fault through `fault`; no caller waits. */
function ignoreUntilStored(): void {}

function intentFields(intent: CallIntent): EntryFields {
  return { at: new Date().toISOString(), kind: 'call.intent', ...callFields(intent) }
}

function outcomeFields(intent: CallIntent, outcome: CallOutcome): EntryFields {
  const fields: EntryFields = {
    at: new Date().toISOString(),
    kind: 'call.outcome',
    ...callFields(intent),
    code: outcome.code,
    forwarded: outcome.forwarded,
    duration_ms: outcome.durationMs
  }
  if (outcome.status !== undefined) fields.status = outcome.status
  if (outcome.upstreamStatus !== undefined) fields.upstream_status = outcome.upstreamStatus
  if (outcome.upstreamRequestId !== undefined) fields.upstream_request_id = outcome.upstreamRequestId
  return fields
}

function callFields(intent: CallIntent): Omit<EntryFields, 'at' | 'kind'> {
  return {
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

function rejectionFields(rejection: Rejection): EntryFields {
  const { requestId, code, status, clientIp, tenant, keyId, connectorId, operation } = rejection
  return {
    at: new Date().toISOString(),
    kind: 'call.rejected',
    request_id: requestId,
    client_ip: clientIp,
    code,
    status,
    ...(tenant !== undefined && { tenant }),
    ...(keyId !== undefined && { key_id: keyId }),
    ...(connectorId !== undefined && { connector_id: connectorId }),
    ...(operation !== undefined && { operation })
  }
}
