import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Input, QueryName, Result } from '../admin/operations/operation-table.ts'
import { RpcClient } from '../base/rpc.ts'
import { workerEntry } from '../base/worker-entry.ts'
import { Problem } from '../contract/problem.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import type { Caller } from '../identity/directory.ts'
import type { HistoryRequest, SyncHistory } from '../ledger/query/sync-history.ts'
import { withDeadline } from '../store/deadline.ts'
import { requireGranted } from '../tenants/access-policy.ts'
import { FairQueue, type Slots } from './fair-queue.ts'
import type { ReaderJobs, ReaderThreadData } from './reader-thread.ts'

/** A search holds a segment's entries at most, several hundred bytes each. */
const threadMemory = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 }

/** How many histories may wait, for all tenants together; under load each tenant has an equal share. */
const tenantSlots: Slots = { kind: 'tenant', count: 64 }
/** How many queries of administrators may wait, whatever tenants ask. */
const administratorSlots: Slots = { kind: 'administrator', count: 64 }

/** How long the thread may take to start and to load, in milliseconds, before any wait for the store. */
const startMs = 10_000

export type QueryExecutorOptions = {
  readonly storeUrl: string
  /** Announces the thread to the one that writes; until then it does not open the store. */
  readonly registerReader: (port: MessagePort) => Promise<void>
  readonly threadFile?: URL
}

type OwnHistory = Omit<HistoryRequest, 'tenant'> & { readonly caller: Caller }

/** Executes the reads of callers and administrators. Its thread starts with the first: most gateways never need it. */
export class QueryExecutor {
  readonly #options: QueryExecutorOptions
  #thread: { worker: Worker; caller: RpcClient<ReaderJobs> } | null = null
  /** By the kind of the slots. */
  readonly #loaded = new Map<string, Promise<void>>()
  readonly #queue = new FairQueue()

  constructor(options: QueryExecutorOptions) {
    this.#options = options
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
    const {
      storeUrl,
      registerReader,
      threadFile = workerEntry(import.meta.url, 'reader-thread')
    } = this.#options
    const { port1: port, port2: otherPort } = new MessageChannel()
    const workerData: ReaderThreadData = { storeUrl, port }
    const worker = new Worker(threadFile, {
      workerData,
      transferList: [port],
      // Neither the thread nor its part of a diagnostic report needs the environment, which may hold a key.
      env: {},
      execArgv: ['--report-exclude-env'],
      resourceLimits: threadMemory
    })
    // When the thread that writes has ended, the process ends too.
    registerReader(otherPort).catch(() => otherPort.close())
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
