import type { Kysely, Transaction } from 'kysely'
import { typedQueries } from './queries.ts'
import { openStoreFile, type StoreFile } from './sqlite/store-file.ts'
import type { Tables } from './tables.ts'

/** An open store with typed queries, for everything but calls. */
export type Store = StoreFile & {
  readonly db: Kysely<Tables>
  /** Runs `work` in one write transaction, all or nothing. Throws a store fault when the file is no longer at its path. */
  transact<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>
}

/** Opens and migrates the store that GATEWAY_STORE_URL names. Throws `store_unavailable`. */
export async function openStore(url: string): Promise<Store> {
  return withQueries(await openStoreFile(url))
}

export function withQueries(file: StoreFile): Store {
  const db = typedQueries(file.raw)
  return {
    ...file,
    db,
    async transact(work) {
      const result = await db.transaction().execute(async tx => {
        const done = await work(tx)
        file.requireInPlace()
        return done
      })
      file.requireWritten()
      return result
    }
  }
}
