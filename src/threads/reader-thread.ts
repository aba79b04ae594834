/**
 * The thread that reads the ledger for callers, and the whole store for administrators, by a read-only connection of its own:
 * neither the event loop nor a commit waits for a search. `execute-query.ts` starts it; `ReaderJobs` are its jobs.
 */
import assert from 'node:assert/strict'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { QueryRequest } from '../admin/queries.ts'
import { serveRpc } from '../base/rpc.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import { type HistoryRequest, type SyncHistory, syncHistory } from '../ledger/query/sync-history.ts'
import { openReadOnlyStore, type ReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import { RevocableConnection } from '../store/sqlite/reader-connections.ts'

export type ReaderThreadData = {
  readonly storeUrl: string
  /** The writer thread admits this one to the store by it, and ends its connection: see `reader-connections.ts`. */
  readonly port: MessagePort
}

const { storeUrl, port } = workerData as ReaderThreadData
const connection = new RevocableConnection(port, () => openReadOnlyStore(storeUrl))

const jobs = {
  /** Null when the cursor is not from this history. */
  syncHistory(request: HistoryRequest): Promise<SyncHistory | null> {
    return onStore(({ raw }) => syncHistory(raw, request))
  },

  /** Loads the code that reads the ledger, and for administrators the code that reads the whole store. */
  async load({ forAdministrators }: { readonly forAdministrators: boolean }): Promise<void> {
    if (forAdministrators) await administration()
  },

  async read(request: QueryRequest): Promise<unknown> {
    const [{ typedQueries }, { runQuery }] = await administration()
    return await onStore(({ raw }) => runQuery({ raw, db: typedQueries(raw) }, request))
  }
}

export type ReaderJobs = typeof jobs

/** The query builder takes time and memory: it is loaded for the first administrator. */
function administration() {
  return Promise.all([import('../store/queries.ts'), import('../admin/queries.ts')])
}

/** A connection that fails, or whose file is no longer at its path, is not used again. */
async function onStore<T>(work: (store: ReadOnlyStore) => T | Promise<T>): Promise<T> {
  return await connection.use(async store => {
    try {
      store.requireInPlace()
      return await work(store)
    } catch (error) {
      if (!isRefusal(error)) connection.close()
      throw error
    }
  })
}

assert(parentPort, 'this file is the entry of a thread')
serveRpc(parentPort, jobs)
