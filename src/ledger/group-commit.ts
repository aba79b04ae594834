import { domainError } from '../contract/error-table.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { PendingEntry } from './entry/pending-entry.ts'

export type GroupCommitOptions = {
  /**
   * Makes a batch durable, all or nothing; rejects when it was not stored. Resolves to the calls whose outcome was left
   * out, because another process had closed them.
   */
  store: (batch: readonly PendingEntry[]) => Promise<readonly string[]>
  /** Gets `ledger.fault` when a fault begins, and `ledger.recovered` when the store is well again. */
  events: EventPublisher
  /** Stores something, to find out whether the store is well again when nothing else waits to be stored. */
  probe: () => Promise<void>
  /** How many further entries are expected soon: with many, a batch waits a moment to be worth its fsync. */
  expected?: () => number
  /** The longest wait of one entry, in milliseconds. */
  waitMs?: number
  /** Monotonic milliseconds. */
  now?: () => number
}

type Waiting = {
  readonly draft: PendingEntry
  /** Kept entries tell what has already happened: they stay queued until stored, whoever still waits for them. */
  readonly kept: boolean
  readonly expiresAt: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** Called when a withdrawn entry was stored all the same, because it was already on its way. */
  readonly onStoredLate: (() => void) | undefined
  expired: boolean
}

/** Past this many entries the store is not keeping up, and further ones are refused at once. */
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
  readonly #store: GroupCommitOptions['store']
  readonly #probe: GroupCommitOptions['probe']
  readonly #events: EventPublisher
  readonly #expected: () => number
  readonly #waitMs: number
  readonly #now: () => number
  #queue: Waiting[] = []
  #underWay: Waiting[] = []
  #flushSoon: NodeJS.Immediate | null = null
  #flushLater: NodeJS.Timeout | null = null
  #expiryTimer: NodeJS.Timeout | null = null
  #fault: Error | null = null
  #probeLater: NodeJS.Timeout | null = null
  #draining = false
  #drained: (() => void)[] = []

  constructor({
    store,
    probe,
    events,
    expected = () => 0,
    waitMs = 2000,
    now = () => performance.now()
  }: GroupCommitOptions) {
    this.#store = store
    this.#probe = probe
    this.#events = events
    this.#expected = expected
    this.#waitMs = waitMs
    this.#now = now
  }

  /** Why entries cannot be stored at the moment: the last batch failed, or the one under way is overdue. */
  get fault(): Error | null {
    return this.#fault
  }

  /**
   * Resolves when the entry is durable. Rejects when it could not be stored or the wait is over; then it will not
   * be stored, unless it was on its way already: `onStoredLate` tells.
   */
  append(draft: PendingEntry, onStoredLate?: () => void): Promise<void> {
    if (this.#underWay[0]?.expired || this.#queue.length >= queueBound)
      return Promise.reject(this.#fault ?? domainError('store_timeout', 'the ledger does not keep up'))
    return this.#enqueue(draft, false, onStoredLate)
  }

  /** Like `append`, but the entry is stored sooner or later even when the wait ends without it. */
  keep(draft: PendingEntry): Promise<void> {
    return this.#enqueue(draft, true, undefined)
  }

  /** Resolves when nothing waits any more. Nothing may come after it. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#probeLater) clearTimeout(this.#probeLater)
    if (this.#queue.length + this.#underWay.length === 0) return
    await new Promise<void>(resolve => this.#drained.push(resolve))
  }

  #enqueue(draft: PendingEntry, kept: boolean, onStoredLate: (() => void) | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const expiresAt = this.#now() + this.#waitMs
      this.#queue.push({
        draft,
        kept,
        expiresAt,
        resolve,
        reject,
        onStoredLate,
        expired: false
      })
      this.#expiryTimer ??= setTimeout(() => this.#expire(), this.#waitMs)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#underWay.length > 0 || this.#queue.length === 0 || this.#flushSoon) return
    if (this.#fault) this.#flushLater ??= setTimeout(() => this.#flush(), retryMs)
    else if (this.#worthAWait()) this.#flushLater ??= setTimeout(() => this.#flush(), lingerMs)
    // Not at once: entries that come in the same turn of the event loop share the batch.
    else this.#flushSoon = setImmediate(() => this.#flush())
  }

  #worthAWait(): boolean {
    const expected = this.#expected()
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
      const closedElsewhere = await this.#store(batch.map(waiting => waiting.draft))
      this.#underWay = []
      this.#setFault(null)
      for (const waiting of batch) settle(waiting, closedElsewhere)
    } catch (error) {
      this.#underWay = []
      this.#failed(batch, error instanceof Error ? error : new Error(String(error)))
    }
    this.#schedule()
    this.#settleWhenIdle()
  }

  /** Nothing of the batch was stored: what can be withdrawn is, the rest goes first next time. */
  #failed(batch: Waiting[], error: Error): void {
    this.#setFault(error)
    for (const waiting of batch) if (!waiting.kept && !waiting.expired) waiting.reject(error)
    this.#queue = [...batch.filter(waiting => waiting.kept), ...this.#queue]
  }

  /** Ends the waits that are over; entries come in the order of their ends. */
  #expire(): void {
    const now = this.#now()
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
    if (fault && !before) this.#events.publish('ledger.fault', { err: fault })
    if (!fault && before) this.#events.publish('ledger.recovered', {})
  }

  #settleWhenIdle(): void {
    if (this.#queue.length > 0 || this.#underWay.length > 0) return
    for (const resolve of this.#drained) resolve()
    this.#drained = []
    // Without traffic nothing else would find out that the store is well again, and no traffic comes while it is not.
    if (this.#fault && !this.#draining) this.#probeLater ??= setTimeout(() => this.#probeStore(), retryMs)
  }

  async #probeStore(): Promise<void> {
    try {
      await this.#probe()
      this.#setFault(null)
    } catch (error) {
      this.#setFault(error instanceof Error ? error : new Error(String(error)))
    }
    this.#probeLater = null
    this.#settleWhenIdle()
  }
}

/** Ends the wait for an entry of a stored batch. */
function settle(
  { draft, expired, onStoredLate, resolve, reject }: Waiting,
  closedElsewhere: readonly string[]
): void {
  if (expired) onStoredLate?.()
  else if (draft.closes !== undefined && closedElsewhere.includes(draft.closes))
    reject(new Error('another process has closed this call'))
  else resolve()
}
