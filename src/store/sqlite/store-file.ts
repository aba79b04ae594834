import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { asStoreError, isStoreError, storeFault } from '../store-fault.ts'
import { hasMigration } from './migration-state.ts'
import { OpenedFiles } from './opened-files.ts'
import { logLength, moveLogIntoFile, openSqlite, quickCheck } from './sqlite.ts'
import { requireUsablePath } from './usable-path.ts'

/** An open, migrated store, with the raw handle for prepared statements. */
export type StoreFile = {
  /** Absolute. */
  readonly path: string
  readonly raw: DatabaseSync
  /** To be called before a commit: throws a store fault when the file, its log or the log's index is no longer the open one. */
  requireInPlace(): void
  /** The same after a commit, before anybody relies on it. When it throws, the commit may be stored or not. */
  requireWritten(): void
  /** Throws a store fault when somebody has cut the log. To be called before a transaction. */
  requireWholeLog(): void
  /**
   * Replaces this handle. No other connection of this process may have the file open: SQLite keeps locks and the index of the log
   * per process. Throws a store fault when another file is there, or `store_unavailable`.
   */
  reopen(): StoreFile
  close(): void
}

/** Small enough to be checked whole at every start. The ledger has its chain. */
export const checkedAtStart: readonly string[] = [
  'meta',
  'tenant',
  'api_key',
  'connector_grant',
  'credential',
  'credential_version',
  'admin_key',
  'writer'
]

/** Opens and migrates the store that GATEWAY_STORE_URL names. Throws `store_unavailable`, also when a newer version has migrated it. */
export async function openStoreFile(url: string): Promise<StoreFile> {
  const path = sqlitePath(url)
  requireUsablePath(path)
  const raw = openSqlite(path)
  try {
    if (!hasMigration(raw)) await migrateToLatest(raw)
    quickCheck(raw, checkedAtStart)
  } catch (error) {
    raw.close()
    throw asStoreError(error, `cannot read the store ${path}`)
  }
  return storeFile(path, raw)
}

/** Throws a store fault when a connection of this process has files open that are not at their paths. */
function storeFile(path: string, raw: DatabaseSync): StoreFile & { readonly files: OpenedFiles } {
  let files: OpenedFiles
  try {
    files = new OpenedFiles(path)
  } catch (error) {
    raw.close()
    throw error
  }
  return {
    path,
    raw,
    files,
    requireInPlace: () => files.requireInPlace(),
    requireWritten: () => files.requireInPlace('replaced_meanwhile'),
    requireWholeLog: () => files.requireWholeLog(() => logLength(raw)),
    reopen: () => reopen(path, raw, files),
    close: () => raw.close()
  }
}

function reopen(path: string, raw: DatabaseSync, files: OpenedFiles): StoreFile {
  // Before anything is closed or opened: closing what was moved away may remove the log of what is there now, and opening
  // creates the file.
  if (!files.isInPlace('file')) throw storeFault('replaced')
  if (raw.isOpen && files.logState() === 'gone') keepRemovedLog(raw)
  const opened = storeFile(path, replaceConnection(path, raw, files))
  if (opened.files.hasSameFile(files)) return opened
  opened.close()
  throw storeFault('replaced')
}

/** A removed log is still open here: it is copied into the file before it is closed. */
function keepRemovedLog(raw: DatabaseSync): void {
  try {
    moveLogIntoFile(raw, 'TRUNCATE')
  } catch (error) {
    if (isStoreError(error)) throw storeFault('locked', { cause: error })
    throw error
  }
}

function replaceConnection(path: string, raw: DatabaseSync, files: OpenedFiles): DatabaseSync {
  // Others began another log when all of this one had been copied. The last connection to close copies the log that it has
  // open by the index that all share, and would copy wrong pages: so it must not be the last.
  const mustNotBeLast = raw.isOpen && files.logState() === 'begun_by_others' && files.isInPlace('index')
  if (!mustNotBeLast) closeBroken(raw)
  const next = openSqlite(path)
  if (mustNotBeLast) closeBroken(raw)
  return next
}

/** Errors of closing a broken handle are ignored: it is not used again. */
function closeBroken(raw: DatabaseSync): void {
  try {
    if (raw.isOpen) raw.close()
  } catch {
    // SQLite closes the files all the same.
  }
}

/** The file behind a `sqlite:` URL, absolute. */
export function sqlitePath(url: string): string {
  if (!url.startsWith('sqlite:'))
    throw domainError(
      'store_unavailable',
      `GATEWAY_STORE_URL: ${schemeOf(url)} is not supported; use sqlite:PATH`
    )
  return resolve(url.slice('sqlite:'.length))
}

/** The query builder costs a quarter of a start and much memory: it is loaded only for a migration. */
async function migrateToLatest(raw: DatabaseSync): Promise<void> {
  const [{ migrate }, { typedQueries }] = await Promise.all([import('./migrate.ts'), import('../queries.ts')])
  await migrate(typedQueries(raw))
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'this value'
}
