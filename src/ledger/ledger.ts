import { timestamp } from '../base/timestamp.ts'
import { Problem } from '../contract/problem.ts'
import type { CallFields, OutcomeFields, RejectionFields } from './entry/entry.ts'
import { pendingCall, pendingEntry } from './entry/pending-entry.ts'
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts'
import { RejectionAggregator } from './rejection-aggregator.ts'

export type LedgerOptions = Pick<GroupCommitOptions, 'store' | 'events'> & {
  /** Stores a signed entry that confirms the chain; unless `always`, only behind new entries. */
  checkpoint: (options: { always: boolean }) => Promise<void>
}

/** For how long an attacker who has the store could rewrite the newest entries without a trace. */
const checkpointEveryMs = 60_000

/** The process's view of its ledger: knows when an entry is durable. Chain and store are on another thread, behind `store`. */
export class Ledger {
  readonly #queue: GroupCommit
  readonly #rejections: RejectionAggregator
  readonly #checkpointTimer: NodeJS.Timeout
  #openCalls = 0

  constructor({ checkpoint, ...options }: LedgerOptions) {
    this.#queue = new GroupCommit({
      ...options,
      expected: () => this.#openCalls,
      probe: () => checkpoint({ always: true })
    })
    const checkpointIfHealthy = () => this.fault ?? checkpoint({ always: false }).catch(ignoreUntilNext)
    this.#checkpointTimer = setInterval(checkpointIfHealthy, checkpointEveryMs).unref()
    this.#rejections = new RejectionAggregator(
      fields => void this.#queue.appendRequired(pendingEntry(fields)).catch(ignoreUntilStored),
      () => this.fault === null
    )
  }

  /** Why the ledger cannot record now, or null. */
  get fault(): Error | null {
    return this.#queue.fault
  }

  /** Resolves when the intent is durable. Throws `ledger_unavailable` when it is not: then nothing may be sent. */
  async recordIntent(call: CallFields): Promise<void> {
    this.#openCalls++
    try {
      await this.#queue.append(pendingCall(timestamp(), call, undefined), () => this.#closeUnsent(call))
    } catch (cause) {
      this.#openCalls--
      throw new Problem('ledger_unavailable', { retryAfter: 1, cause })
    }
  }

  /** Resolves when the outcome is durable. Throws `ledger_unavailable` when it is not in time: it must not be answered then. */
  async recordOutcome(call: CallFields, outcome: OutcomeFields): Promise<void> {
    this.#openCalls--
    try {
      await this.#queue.appendRequired(pendingCall(timestamp(), call, outcome))
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
  recordRejection(rejection: RejectionFields): void {
    this.#rejections.note(rejection)
  }

  /** Resolves when all entries so far are durable. */
  async flush(): Promise<void> {
    clearInterval(this.#checkpointTimer)
    this.#rejections.close()
    await this.#queue.drain()
  }

  /** The intent was stored after its wait had ended and the call was refused: nothing was sent. */
  #closeUnsent(call: CallFields): void {
    const outcome: OutcomeFields = {
      code: 'ledger_unavailable',
      status: 503,
      forwarded: 'no',
      upstream_status: undefined,
      upstream_request_id: undefined,
      duration_ms: 0,
      upstream_ms: 0
    }
    this.#queue.appendRequired(pendingCall(timestamp(), call, outcome)).catch(ignoreUntilStored)
  }
}

/** The queue keeps such entries until they are stored and reports the failure as `fault`; no caller waits. */
function ignoreUntilStored(): void {}

/** The next entry, which a caller waits for, shows that a store fails; the next checkpoint confirms what this one would. */
function ignoreUntilNext(): void {}
