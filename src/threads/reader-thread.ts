/**
 * The thread that reads the ledger for callers, and the whole store for administrators, by a read-only connection of its own:
 * neither the event loop nor a commit waits for a search. `admin/execute-query.ts` starts it; `ReaderJobs` are its jobs.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import type { ReaderJobs, ReaderThreadData } from '../admin/execute-query.ts'
import { serveRpc } from '../base/rpc.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import { syncHistory } from '../ledger/query/sync-history.ts'
import { openReadOnlyStore, type ReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import { RevocableConnection } from '../store/sqlite/reader-connections.ts'

const { storeUrl, port } = workerData as ReaderThreadData
const connection = new RevocableConnection(port, () => openReadOnlyStore(storeUrl))

const jobs = {
  syncHistory(request) {
    return onStore(({ raw }) => syncHistory(raw, request))
  },

  async load({ forAdministrators }) {
    if (forAdministrators) await administration()
  },

  async read(request) {
    const [{ typedQueries }, { runQuery: makeRead }] = await administration()
    return await onStore(({ raw }) => makeRead({ raw, db: typedQueries(raw) }, request))
  }
} satisfies ReaderJobs

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
