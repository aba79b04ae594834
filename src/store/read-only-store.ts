import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './sqlite.ts'
import { sqlitePath } from './store-file.ts'

/**
 * Opens the store that GATEWAY_STORE_URL names for reading alone: nothing is made, migrated or locked, so that it
 * works beside a running gateway. Throws StoreError when there is no store, or none that holds a ledger.
 */
export function openStoreReadOnly(url: string): DatabaseSync {
  const path = sqlitePath(url)
  if (!existsSync(path)) throw new StoreError(`there is no store at ${path}`)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2000 })
    database.exec('PRAGMA trusted_schema = OFF')
    if (!database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'ledger'`).get())
      throw new StoreError(`the store ${path} holds no ledger`)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof StoreError) throw error
    throw new StoreError(`cannot read the store ${path}: ${(error as Error).message}`, { cause: error })
  }
}
