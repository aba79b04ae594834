import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { asStoreError, storeFault } from '../store-fault.ts'
import { hasMigration } from './migration-state.ts'
import { newestMigration } from './migrations.ts'
import { OpenedFiles } from './opened-files.ts'
import { openForReading } from './sqlite.ts'
import { type StoreFile, sqlitePath } from './store-file.ts'

/** `requireInPlace` compares the file of the store alone, not its log. */
export type ReadOnlyStore = Pick<StoreFile, 'path' | 'raw' | 'requireInPlace'>

/**
 * Opens the store that GATEWAY_STORE_URL names for reading alone, also beside a running gateway: nothing is created or migrated.
 * Throws `store_unavailable` when there is no store, none with a ledger, or one that lacks `neededMigration`.
 */
export function openReadOnlyStore(url: string, neededMigration = newestMigration): ReadOnlyStore {
  const path = sqlitePath(url)
  if (!existsSync(path)) throw domainError('store_unavailable', `there is no store at ${path}`)
  let raw: DatabaseSync | undefined
  try {
    raw = openForReading(path)
    requireLedger(raw, path, neededMigration)
    const files = new OpenedFiles(path)
    const requireInPlace = () => {
      if (!files.isInPlace('file')) throw storeFault('replaced')
    }
    return { path, raw, requireInPlace }
  } catch (error) {
    raw?.close()
    throw asStoreError(error, `cannot read the store ${path}`)
  }
}

function requireLedger(raw: DatabaseSync, path: string, neededMigration: string): void {
  if (!raw.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'ledger'`).get())
    throw domainError('store_unavailable', `the store ${path} holds no ledger`)
  if (!hasMigration(raw, neededMigration))
    throw domainError(
      'store_unavailable',
      `the store ${path} was made by another version, an earlier one: start the gateway on it, or run connector-gateway tenant list, which brings it up to date`
    )
}
