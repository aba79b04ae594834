import { domainError } from '../contract/error-table.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { PendingEntry } from './entry/pending-entry.ts'

export type GroupCommitOptions = {
  /** Makes a batch durable, or rejects. Resolves to the calls whose outcome was left out: another process had closed them. */
  store: (batch: readonly PendingEntry[]) => Promise<readonly string[]>
  /** Gets `ledger.fault` when a fault begins, and `ledger.recovered` when the store works again. */
  events: EventPublisher
  /** Stores something, to find out whether the store works again when no entry waits. */
  probe: () => Promise<void>
  /** How many further entries are expected soon: with many, a batch waits a moment to be worth its fsync. */
  expected?: () => number
  /** The longest wait of one entry, in milliseconds. */
  waitMs?: number
  /** Monotonic milliseconds. */
  now?: () => number
}

type Waiting = {
  readonly entry: PendingEntry
  /** Kept entries record what has already happened: they stay queued until stored, even when nobody waits any more. */
  readonly kept: boolean
  readonly expiresAt: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** Called when an entry is stored though its wait is over, because its batch was under way. */
  readonly onStoredLate: (() => void) | undefined
  expired: boolean
}

/** Past this many entries the store does not keep up, and further ones are refused at once. */
const queueBound = 20_000
/** From this many expected entries on, a batch waits for more, at most `lingerMs`: a commit costs as much as 10 entries. */
const lingerFrom = 8
const lingerMs = 2
/** How long after a failed batch the next one is tried. */
const retryMs = 200

/**
 * Groups entries into batches: all that wait when the writer is free go into one transaction. One batch is under
 * way at a time. Every wait is bounded; past its bound an entry that nothing depends on yet is withdrawn.
 */
export class GroupCommit {
  readonly #options: Required<GroupCommitOptions>
  #queue: Waiting[] = []
  #underWay: Waiting[] = []
  #flushSoon: NodeJS.Immediate | null = null
  #flushLater: NodeJS.Timeout | null = null
  #expiryTimer: NodeJS.Timeout | null = null
  #fault: Error | null = null
  #probeLater: NodeJS.Timeout | null = null
  #draining = false
  #drained: (() => void)[] = []

  constructor(options: GroupCommitOptions) {
    this.#options = { expected: () => 0, waitMs: 2000, now: () => performance.now(), ...options }
  }

  /** Why entries cannot be stored at the moment: the last batch failed, or the one under way is overdue. */
  get fault(): Error | null {
    return this.#fault
  }

  /** Resolves when the entry is durable. Rejects when the wait is over: it is withdrawn, or `onStoredLate` is called. */
  append(entry: PendingEntry, onStoredLate?: () => void): Promise<void> {
    if (this.#underWay[0]?.expired || this.#queue.length >= queueBound)
      return Promise.reject(this.#fault ?? domainError('store_timeout', 'the ledger does not keep up'))
    return this.#enqueue(entry, false, onStoredLate)
  }

  /** Like `append`, but the entry is stored sooner or later even when the wait ends without it. */
  appendRequired(entry: PendingEntry): Promise<void> {
    return this.#enqueue(entry, true, undefined)
  }

  /** Resolves when no entry waits any more. Nothing may be added after it. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#probeLater) clearTimeout(this.#probeLater)
    if (this.#queue.length + this.#underWay.length === 0) return
    await new Promise<void>(resolve => this.#drained.push(resolve))
  }

  #enqueue(entry: PendingEntry, kept: boolean, onStoredLate: (() => void) | undefined): Promise<void> {
    const { now, waitMs } = this.#options
    return new Promise((resolve, reject) => {
      const expiresAt = now() + waitMs
      this.#queue.push({ entry, kept, expiresAt, resolve, reject, onStoredLate, expired: false })
      this.#expiryTimer ??= setTimeout(() => this.#expire(), waitMs)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#underWay.length > 0 || this.#queue.length === 0 || this.#flushSoon) return
    if (this.#fault) this.#flushLater ??= setTimeout(() => this.#flush(), retryMs)
    else if (this.#isWorthAWait()) this.#flushLater ??= setTimeout(() => this.#flush(), lingerMs)
    // Not at once: entries that come in the same turn of the event loop share the batch.
    else this.#flushSoon = setImmediate(() => this.#flush())
  }

  #isWorthAWait(): boolean {
    const expected = this.#options.expected()
    return expected >= lingerFrom && this.#queue.length * 4 < expected * 3
  }

  async #flush(): Promise<void> {
    if (this.#flushSoon) clearImmediate(this.#flushSoon)
    if (this.#flushLater) clearTimeout(this.#flushLater)
    this.#flushSoon = null
    this.#flushLater = null
    if (this.#queue.length === 0) return
    const batch = this.#queue
    this.#queue = []
    this.#underWay = batch
    try {
      const closedElsewhere = await this.#options.store(batch.map(({ entry }) => entry))
      this.#underWay = []
      this.#setFault(null)
      for (const waiting of batch) settle(waiting, closedElsewhere)
    } catch (error) {
      this.#underWay = []
      this.#fail(batch, toError(error))
    }
    this.#schedule()
    this.#settleWhenIdle()
  }

  /** Nothing of the batch was stored: what can be withdrawn is, the rest goes first next time. */
  #fail(batch: Waiting[], error: Error): void {
    this.#setFault(error)
    for (const waiting of batch) if (!waiting.kept && !waiting.expired) waiting.reject(error)
    this.#queue = [...batch.filter(waiting => waiting.kept), ...this.#queue]
  }

  /** Ends the waits that are over. Waits end in the order of the queue. */
  #expire(): void {
    const now = this.#options.now()
    const due = (waiting: Waiting) => !waiting.expired && waiting.expiresAt <= now
    for (const waiting of [...this.#underWay, ...this.#queue].filter(due)) {
      waiting.expired = true
      if (!this.#fault) this.#setFault(domainError('store_timeout', 'the store has not answered in time'))
      waiting.reject(this.#fault as Error)
    }
    this.#queue = this.#queue.filter(waiting => waiting.kept || !waiting.expired)
    const next = [...this.#underWay, ...this.#queue].find(waiting => !waiting.expired)
    this.#expiryTimer = next ? setTimeout(() => this.#expire(), Math.max(1, next.expiresAt - now)) : null
    this.#settleWhenIdle()
  }

  #setFault(fault: Error | null): void {
    const before = this.#fault
    this.#fault = fault
    if (fault && !before) this.#options.events.publish('ledger.fault', { err: fault })
    if (!fault && before) this.#options.events.publish('ledger.recovered', {})
  }

  #settleWhenIdle(): void {
    if (this.#queue.length > 0 || this.#underWay.length > 0) return
    for (const resolve of this.#drained) resolve()
    this.#drained = []
    // Without entries nothing else would find out that the store works again, and while it fails there are none.
    if (this.#fault && !this.#draining) this.#probeLater ??= setTimeout(() => this.#probe(), retryMs)
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe()
      this.#setFault(null)
    } catch (error) {
      this.#setFault(toError(error))
    }
    this.#probeLater = null
    this.#settleWhenIdle()
  }
}

/** Ends the wait for an entry of a stored batch. */
function settle(
  { entry, expired, onStoredLate, resolve, reject }: Waiting,
  closedElsewhere: readonly string[]
): void {
  if (expired) onStoredLate?.()
  else if (entry.closes !== undefined && closedElsewhere.includes(entry.closes))
    reject(new Error('another process has closed this call'))
  else resolve()
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
