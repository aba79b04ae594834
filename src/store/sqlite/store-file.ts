import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { isStoreError, storeFault } from '../store-fault.ts'
import { hasMigration } from './migration-state.ts'
import { OpenedFiles } from './opened-files.ts'
import { emptyLog, logLength, openSqlite, quickCheck } from './sqlite.ts'
import { requireUsablePath } from './usable-path.ts'

/** An open, migrated store: its raw handle, for prepared statements. */
export type StoreFile = {
  /** Absolute. */
  readonly path: string
  readonly raw: DatabaseSync
  /**
   * Throws a store fault when the file at `path`, the log beside it or the index of that is no longer the one that is open:
   * what is written would be lost. Asked before a commit.
   */
  requireInPlace(): void
  /** The same of what has been committed, before anybody relies on it: when it throws, that may be stored or not. */
  requireWritten(): void
  /** Throws a store fault when somebody has cut the log. Asked before a transaction. */
  requireWholeLog(): void
  /**
   * Opens the same file again, in place of this handle. No other connection of this process may have it open: SQLite keeps
   * locks and the index of the log for a process, not for a connection. Throws a store fault when another file is there, or
   * `store_unavailable`.
   */
  reopen(): StoreFile
  close(): void
}

/** Tables small enough to be checked whole at every start. The ledger is checked by its chain. */
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
    if (!hasMigration(raw)) await bringUpToDate(raw)
    quickCheck(raw, checkedAtStart)
  } catch (error) {
    raw.close()
    if (isStoreError(error)) throw error
    throw domainError('store_unavailable', `cannot read the store ${path}: ${(error as Error).message}`, {
      cause: error
    })
  }
  return storeFile(path, raw)
}

/** Throws a store fault when the connection, or another of this process, has files open that are not at their paths. */
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
  // Asked first: to close what was moved away may remove the log of what is there now; to open a path makes the file.
  if (!files.isFileInPlace()) throw storeFault('replaced')
  if (raw.isOpen && files.logState() === 'gone') keepRemovedLog(raw)
  const opened = storeFile(path, exchanged(path, raw, files))
  if (opened.files.hasSameFile(files)) return opened
  opened.close()
  throw storeFault('replaced')
}

/** A log that was removed is open here still: all that it holds is copied into the file before it is let go. */
function keepRemovedLog(raw: DatabaseSync): void {
  try {
    emptyLog(raw)
  } catch (error) {
    if (isStoreError(error)) throw storeFault('locked', { cause: error })
    throw error
  }
}

/** Another connection in place of one that has failed. */
function exchanged(path: string, raw: DatabaseSync, files: OpenedFiles): DatabaseSync {
  // Others began another log when all of this one had been copied. The last who closes copies the log it knows by the
  // index that all share, page after page of the wrong one: so it must not be the last.
  const goesFirst = raw.isOpen && files.logState() === 'begun_by_others' && files.isIndexInPlace()
  if (!goesFirst) closeBroken(raw)
  const next = openSqlite(path)
  if (goesFirst) closeBroken(raw)
  return next
}

/** Whatever a broken handle says while it is closed: it is not used again. */
function closeBroken(raw: DatabaseSync): void {
  try {
    if (raw.isOpen) raw.close()
  } catch {
    // SQLite lets go of the files all the same.
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

/** The query builder costs a quarter of a start and much memory: it is loaded only when there is something to do. */
async function bringUpToDate(raw: DatabaseSync): Promise<void> {
  const [{ migrate }, { typedQueries }] = await Promise.all([import('./migrate.ts'), import('../queries.ts')])
  await migrate(typedQueries(raw))
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'this value'
}
