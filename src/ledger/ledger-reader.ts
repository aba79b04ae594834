import { Worker } from 'node:worker_threads'
import { Problem } from '../problems.ts'
import { ThreadCaller } from '../store/thread-call.ts'
import { type Caller, mayUse } from '../tenants/directory.ts'
import type { HistoryRequest, SyncHistory } from './sync-history.ts'

/** Reads of which no more may wait: each is answered after the ones before it. */
const waitingBound = 64
/** How long one may take, in milliseconds, with all it waits for. */
const deadlineMs = 2_000
/** A search holds a segment's entries at most, several hundred bytes each. */
const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 }

/** What the thread can be asked: `ledger-thread.ts` answers. */
export type LedgerJobs = {
  /** Null when the cursor is not one of this history. */
  readonly syncHistory: (request: HistoryRequest) => SyncHistory | null
}

type OwnHistory = Omit<HistoryRequest, 'tenant'> & { readonly caller: Caller }

/** What callers may read of the ledger. Its thread starts with the first who asks: most gateways never need it. */
export class LedgerReader {
  readonly #storeUrl: string
  readonly #threadFile: URL
  #thread: { worker: Worker; caller: ThreadCaller<LedgerJobs> } | null = null
  #waiting = 0

  constructor(storeUrl: string, threadFile: URL) {
    this.#storeUrl = storeUrl
    this.#threadFile = threadFile
  }

  /**
   * The caller's own sync calls of one connector. Throws `connector_not_found` for one that is not granted, exactly as
   * for one that does not exist, `request_invalid` for a cursor that this history never gave, `store_unavailable` and
   * `overloaded`.
   */
  async syncHistory({ caller, ...request }: OwnHistory): Promise<SyncHistory> {
    const connectorId = request.connectorId.toLowerCase()
    if (!mayUse(caller.tenant, connectorId)) throw new Problem('connector_not_found')
    const own = { ...request, connectorId, tenant: caller.tenant.name }
    const history = await this.#read(thread => thread.call('syncHistory', own))
    if (history) return history
    const detail = 'must be the next of an earlier page of this history'
    throw new Problem('request_invalid', { errors: [{ pointer: '/querystring/cursor', detail }] })
  }

  async close(): Promise<void> {
    await this.#thread?.worker.terminate()
  }

  async #read<T>(work: (thread: ThreadCaller<LedgerJobs>) => Promise<T>): Promise<T> {
    if (this.#waiting >= waitingBound) throw new Problem('overloaded', { retryAfter: 1 })
    this.#waiting++
    // Counted until the thread has done it, also when nobody waits any more: it comes before all others.
    const reading = Promise.resolve()
      .then(() => work(this.#started()))
      .finally(() => this.#waiting--)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error('the ledger was not read in time')), deadlineMs)
    try {
      return await Promise.race([reading, late])
    } catch (cause) {
      throw new Problem('store_unavailable', { retryAfter: 1, cause })
    } finally {
      clearTimeout(timer)
    }
  }

  #started(): ThreadCaller<LedgerJobs> {
    if (this.#thread) return this.#thread.caller
    const workerData = { storeUrl: this.#storeUrl }
    // It needs nothing of the environment, in which a key may have been given.
    const worker = new Worker(this.#threadFile, { workerData, env: {}, resourceLimits: threadMemory })
    const caller = new ThreadCaller<LedgerJobs>(worker)
    this.#thread = { worker, caller }
    // One that has ended by itself is replaced when somebody asks again.
    caller.ended.then(() => {
      this.#thread = null
    })
    return caller
  }
}
