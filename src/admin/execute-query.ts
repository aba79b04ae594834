import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { RpcClient } from '../base/rpc.ts'
import { Problem } from '../contract/problem.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import type { Caller } from '../identity/directory.ts'
import type { HistoryRequest, SyncHistory } from '../ledger/query/sync-history.ts'
import { withDeadline } from '../store/deadline.ts'
import { FairQueue, type Slots } from '../store/fair-queue.ts'
import { admitAtOnce } from '../store/sqlite/reader-connections.ts'
import { requireGranted } from '../tenants/access-policy.ts'
import type { Input, QueryName, Result } from './operations/operation-table.ts'
import type { QueryRequest } from './queries.ts'

/** A search holds a segment's entries at most, several hundred bytes each. */
const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 }

/** How many histories may wait, for all tenants together; under load each tenant has an equal share. */
const tenantSlots: Slots = { kind: 'tenant', count: 64 }
/** How many queries of administrators may wait, whatever tenants ask. */
const administratorSlots: Slots = { kind: 'administrator', count: 64 }

/** How long the thread may take to start and to load, in milliseconds, before any wait for the store. */
const startMs = 10_000

/** The jobs of the thread: see `reader-thread.ts`. */
export type ReaderJobs = {
  /** Loads the code that reads the ledger, and for administrators the code that reads the whole store. */
  readonly load: (what: { readonly forAdministrators: boolean }) => Promise<void>
  /** Null when the cursor is not from this history. */
  readonly syncHistory: (request: HistoryRequest) => Promise<SyncHistory | null>
  readonly read: (request: QueryRequest) => Promise<unknown>
}

/** The thread's data. */
export type ReaderThreadData = {
  readonly storeUrl: string
  /** The thread that writes uses it to admit this one to the store, and to end its connection: see `reader-connections.ts`. */
  readonly port: MessagePort
}

type OwnHistory = Omit<HistoryRequest, 'tenant'> & { readonly caller: Caller }

/** Executes the reads of callers and administrators. Its thread starts with the first: most gateways never need it. */
export class QueryExecutor {
  readonly #storeUrl: string
  readonly #threadFile: URL
  readonly #registerReader: (port: MessagePort) => Promise<void>
  #thread: { worker: Worker; caller: RpcClient<ReaderJobs> } | null = null
  /** By the kind of the slots. */
  readonly #loaded = new Map<string, Promise<void>>()
  readonly #queue = new FairQueue()

  /** `registerReader` announces the thread to the one that writes; until then it does not open the store. */
  constructor(
    storeUrl: string,
    threadFile: URL,
    registerReader: (port: MessagePort) => Promise<void> = admitAtOnce
  ) {
    this.#storeUrl = storeUrl
    this.#threadFile = threadFile
    this.#registerReader = registerReader
  }

  /**
   * The caller's own sync calls of one connector. Throws `connector_not_found` for one that is not granted, exactly as
   * for one that does not exist, `request_invalid` for a cursor that this history never gave, `store_unavailable` and
   * `overloaded`.
   */
  async syncHistory({ caller, ...request }: OwnHistory): Promise<SyncHistory> {
    const connectorId = requireGranted(caller.tenant, request.connectorId)
    const tenant = caller.tenant.name
    const own = { ...request, connectorId, tenant }
    const history = await this.#read(tenantSlots, tenant, thread => thread.call('syncHistory', own))
    if (history) return history
    const detail = 'must be the next of an earlier page of this history'
    throw new Problem('request_invalid', { errors: [{ pointer: '/query/cursor', detail }] })
  }

  /** Executes a query of an administrator. Throws a refusal, `store_unavailable` and `overloaded`. */
  async read<N extends QueryName>(name: N, input: Input<N>): Promise<Result<N>> {
    const answer = await this.#read(administratorSlots, 'all', thread => thread.call('read', { name, input }))
    return answer as Result<N>
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
    // Whoever waits for it gets the error; the next request tries again.
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
      // Neither the thread nor its part of a diagnostic report needs the environment, which may hold a key.
      env: {},
      execArgv: ['--report-exclude-env'],
      resourceLimits: threadMemory
    })
    // When the thread that writes has ended, the process ends too.
    this.#registerReader(otherPort).catch(() => otherPort.close())
    const caller = new RpcClient<ReaderJobs>(worker)
    this.#thread = { worker, caller }
    // The next request replaces a thread that has ended by itself.
    caller.ended.then(() => {
      this.#thread = null
      this.#loaded.clear()
    })
    return caller
  }
}
