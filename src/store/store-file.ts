import { type Stats, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { newestMigration } from './migrations.ts'
import { openSqlite, quickCheck, StoreError } from './sqlite.ts'
import { StoreFault } from './store-fault.ts'

/** An open, migrated store: its raw handle, for prepared statements. */
export type StoreFile = {
  /** Absolute. */
  readonly path: string
  readonly raw: DatabaseSync
  /**
   * Throws StoreFault when the file at `path`, or the log beside it, is no longer the one that is open: what is written
   * would be lost.
   */
  requireInPlace(): void
  /** Opens the same file again, in place of this handle. Throws StoreFault when another file is there, or StoreError. */
  reopen(): StoreFile
  close(): void
}

/** Tables small enough to be checked whole at every start. The ledger is checked by its chain. */
const checkedAtStart = [
  'meta',
  'tenant',
  'api_key',
  'connector_grant',
  'credential',
  'credential_version',
  'admin_key',
  'writer'
]

/** Opens and migrates the store that GATEWAY_STORE_URL names. Throws StoreError. */
export async function openStoreFile(url: string): Promise<StoreFile> {
  const path = sqlitePath(url)
  const raw = openSqlite(path)
  try {
    if (!isUpToDate(raw)) await bringUpToDate(raw)
    quickCheck(raw, checkedAtStart)
  } catch (error) {
    raw.close()
    if (error instanceof StoreError) throw error
    throw new StoreError(`cannot read the store ${path}: ${(error as Error).message}`, { cause: error })
  }
  return storeFile(path, raw, statSync(path))
}

function storeFile(path: string, raw: DatabaseSync, opened: Stats): StoreFile {
  // There from the first write on, and never made anew while a connection is open.
  let log: Stats | undefined
  return {
    path,
    raw,
    requireInPlace() {
      if (!isSameFile(path, opened)) throw new StoreFault('replaced')
      log ??= statSync(`${path}-wal`, { throwIfNoEntry: false })
      if (log && !isSameFile(`${path}-wal`, log)) throw new StoreFault('log_removed')
    },
    reopen() {
      closeBroken(raw)
      // Asked first: to open a path makes the file.
      if (!isSameFile(path, opened)) throw new StoreFault('replaced')
      return storeFile(path, openSqlite(path), opened)
    },
    close: () => raw.close()
  }
}

/** Whatever a broken handle says while it is closed: it is not used again. */
function closeBroken(raw: DatabaseSync): void {
  try {
    if (raw.isOpen) raw.close()
  } catch {
    // SQLite lets go of the files all the same.
  }
}

/** A check of whether the file at a path is still the one that is there now. */
export function inPlaceCheck(path: string): () => void {
  const opened = statSync(path)
  return () => {
    if (!isSameFile(path, opened)) throw new StoreFault('replaced')
  }
}

function isSameFile(path: string, known: Stats): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.ino === known.ino && found.dev === known.dev
}

/** The file behind a `sqlite:` URL, absolute. */
export function sqlitePath(url: string): string {
  if (!url.startsWith('sqlite:'))
    throw new StoreError(`GATEWAY_STORE_URL: ${schemeOf(url)} is not supported; use sqlite:PATH`)
  return resolve(url.slice('sqlite:'.length))
}

function isUpToDate(raw: DatabaseSync): boolean {
  const known = raw
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kysely_migration'`)
    .get()
  if (!known) return false
  return raw.prepare('SELECT 1 FROM kysely_migration WHERE name = ?').get(newestMigration) !== undefined
}

/** The query builder costs a quarter of a start and much memory: it is loaded only when there is something to do. */
async function bringUpToDate(raw: DatabaseSync): Promise<void> {
  const [{ migrate }, { typedQueries }] = await Promise.all([import('./migrate.ts'), import('./store.ts')])
  await migrate(typedQueries(raw))
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'this value'
}
