import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { RpcClient } from '../base/rpc.ts'
import { Problem } from '../contract/problem.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import type { Caller } from '../identity/directory.ts'
import type { HistoryRequest, SyncHistory } from '../ledger/query/sync-history.ts'
import { withDeadline } from '../store/deadline.ts'
import { FairQueue, type Slots } from '../store/fair-queue.ts'
import { admitAtOnce } from '../store/sqlite/connections.ts'
import { mayUse } from '../tenants/tenant.ts'
import type { QueryInput, QueryName, QueryRequest, QueryResult } from './queries.ts'

/** A search holds a segment's entries at most, several hundred bytes each. */
const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 }

/** How many histories may wait, of all tenants together; under a rush each has an equal part. */
const tenantSlots: Slots = { kind: 'tenant', count: 64 }
/** How many questions of administrators may wait: whatever tenants ask, these are left to them. */
const administratorSlots: Slots = { kind: 'administrator', count: 64 }

/** How long the thread may take to start and to load what it needs, in milliseconds; no wait for the store counts it. */
const startMs = 10_000

/** What the thread can be asked: `reader-thread.ts` answers. */
export type ReaderJobs = {
  /** Loads what it takes to read, and for administrators what it takes to read the whole store. */
  readonly load: (what: { readonly forAdministrators: boolean }) => Promise<void>
  /** Null when the cursor is not one of this history. */
  readonly syncHistory: (request: HistoryRequest) => Promise<SyncHistory | null>
  readonly read: (request: QueryRequest) => Promise<unknown>
}

/** What the thread is started with. */
export type ReaderThreadData = {
  readonly storeUrl: string
  /** By which the thread that writes lets it open the store, and ends its connection: see `connections.ts`. */
  readonly port: MessagePort
}

type OwnHistory = Omit<HistoryRequest, 'tenant'> & { readonly caller: Caller }

/** What callers and administrators may read. Its thread starts with the first who asks: most gateways never need it. */
export class QueryExecutor {
  readonly #storeUrl: string
  readonly #threadFile: URL
  readonly #introduce: (port: MessagePort) => Promise<void>
  #thread: { worker: Worker; caller: RpcClient<ReaderJobs> } | null = null
  /** By the kind of those who ask. */
  readonly #loaded = new Map<string, Promise<void>>()
  readonly #queue = new FairQueue()

  /** `introduce` makes the thread known to the one that writes, unless none does: before that it does not open the store. */
  constructor(
    storeUrl: string,
    threadFile: URL,
    introduce: (port: MessagePort) => Promise<void> = admitAtOnce
  ) {
    this.#storeUrl = storeUrl
    this.#threadFile = threadFile
    this.#introduce = introduce
  }

  /**
   * The caller's own sync calls of one connector. Throws `connector_not_found` for one that is not granted, exactly as
   * for one that does not exist, `request_invalid` for a cursor that this history never gave, `store_unavailable` and
   * `overloaded`.
   */
  async syncHistory({ caller, ...request }: OwnHistory): Promise<SyncHistory> {
    const connectorId = request.connectorId.toLowerCase()
    if (!mayUse(caller.tenant, connectorId)) throw new Problem('connector_not_found')
    const tenant = caller.tenant.name
    const own = { ...request, connectorId, tenant }
    const history = await this.#read(tenantSlots, tenant, thread => thread.call('syncHistory', own))
    if (history) return history
    const detail = 'must be the next of an earlier page of this history'
    throw new Problem('request_invalid', { errors: [{ pointer: '/query/cursor', detail }] })
  }

  /** What an administrator asks. Throws a refusal (by its name and code), `store_unavailable` and `overloaded`. */
  async read<N extends QueryName>(name: N, input: QueryInput<N>): Promise<QueryResult<N>> {
    const answer = await this.#read(administratorSlots, 'all', thread => thread.call('read', { name, input }))
    return answer as QueryResult<N>
  }

  async close(): Promise<void> {
    await this.#thread?.worker.terminate()
  }

  async #read<T>(
    slots: Slots,
    name: string,
    work: (thread: RpcClient<ReaderJobs>) => Promise<T>
  ): Promise<T> {
    try {
      await withDeadline(this.#loadedFor(slots), startMs)
      return await this.#queue.wait(slots, name, () => work(this.#started()))
    } catch (cause) {
      if (cause instanceof Problem || isRefusal(cause)) throw cause
      throw new Problem('store_unavailable', { retryAfter: 1, cause })
    }
  }

  #loadedFor({ kind }: Slots): Promise<void> {
    const thread = this.#started()
    const begun = this.#loaded.get(kind)
    if (begun) return begun
    const loaded = thread.call('load', { forAdministrators: kind === administratorSlots.kind })
    this.#loaded.set(kind, loaded)
    // Whoever waits for it gets the error; the next who asks has it tried again.
    loaded.catch(() => this.#loaded.delete(kind))
    return loaded
  }

  #started(): RpcClient<ReaderJobs> {
    if (this.#thread) return this.#thread.caller
    const { port1: port, port2: otherPort } = new MessageChannel()
    const workerData: ReaderThreadData = { storeUrl: this.#storeUrl, port }
    const worker = new Worker(this.#threadFile, {
      workerData,
      transferList: [port],
      // It needs nothing of the environment, in which a key may have been given, nor does its part of a diagnostic report.
      env: {},
      execArgv: ['--report-exclude-env'],
      resourceLimits: threadMemory
    })
    // When the thread that writes has ended, the process ends too.
    this.#introduce(otherPort).catch(() => otherPort.close())
    const caller = new RpcClient<ReaderJobs>(worker)
    this.#thread = { worker, caller }
    // One that has ended by itself is replaced when somebody asks again.
    caller.ended.then(() => {
      this.#thread = null
      this.#loaded.clear()
    })
    return caller
  }
}
