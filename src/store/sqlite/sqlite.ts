import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { isStoreError } from '../store-fault.ts'

/** Older SQLite builds have a WAL bug that can lose a committed transaction. */
const oldestSqlite = '3.51.3'

/**
 * What is left of a log that has grown, behind a reader or in a burst, once all of it is in the file and it begins again. Four
 * times what it is when it is usually copied, so that it is not cut each time. SQLite never cuts what is in use.
 */
const logLimitBytes = 16 * 1024 * 1024

/**
 * Opens the SQLite file at `path` (created with its folder when absent) so that a committed transaction survives
 * a power cut: write-ahead log, `synchronous=FULL`, read back rather than assumed.
 * Throws `store_unavailable` when the file cannot be opened or is no database.
 */
export function openSqlite(path: string, { busyTimeoutMs = 2000 } = {}): DatabaseSync {
  requireSqlite(process.versions.sqlite ?? '0')
  let database: DatabaseSync | undefined
  try {
    makeOwnersFile(path)
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    requireOwn(database)
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA mmap_size = 0')
    database.exec(`PRAGMA journal_size_limit = ${logLimitBytes}`)
    database.exec('PRAGMA trusted_schema = OFF')
    requirePragma(database, 'journal_mode', 'wal')
    requirePragma(database, 'synchronous', 2)
    requirePragma(database, 'journal_size_limit', logLimitBytes)
    return database
  } catch (error) {
    database?.close()
    if (isStoreError(error)) throw error
    throw domainError('store_unavailable', `cannot open the store ${path}: ${reason(error)}`, {
      cause: error
    })
  }
}

/**
 * Throws `store_unavailable` when it is a database of something else, before anything of it is changed. The first table that a
 * store ever gets is the one that tells of its changes.
 */
export function requireOwn(database: DatabaseSync): void {
  const { own, others } = database
    .prepare(
      `SELECT coalesce(sum(name = 'kysely_migration'), 0) AS own, count(*) AS others FROM sqlite_schema WHERE type = 'table'`
    )
    .get() as { own: number; others: number }
  if (own === 0 && others > 0)
    throw domainError(
      'store_unavailable',
      'the file that GATEWAY_STORE_URL names is a database of something else'
    )
}

/**
 * The store holds key digests and who called what: for its owner alone. SQLite gives its side files the same mode. A file
 * that is there is not touched: to close any descriptor of it drops all locks that this process holds on it.
 */
function makeOwnersFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Copies what the log holds into the file itself, and syncs that. The pages of a log whose sync has failed may look written
 * and never get to the disk, whatever later syncs of the log say; those of the copy are new. Throws what SQLite throws,
 * or `store_unavailable` when a reader keeps it from being done.
 */
export function moveLogIntoFile(database: DatabaseSync): void {
  const done = database.prepare('PRAGMA wal_checkpoint(FULL)').get()
  if (done?.['busy'] !== 0)
    throw domainError('store_unavailable', 'a reader of the store keeps its log in use')
}

/**
 * Copies all of the log into the file and begins the log again, so that what was in it is needed by nobody. Throws what
 * SQLite throws, or `store_unavailable` when another connection keeps it from being done.
 */
export function emptyLog(database: DatabaseSync): void {
  const done = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  if (done?.['busy'] !== 0)
    throw domainError('store_unavailable', 'another connection keeps the log of the store in use')
}

/** How many bytes of the log are in use, as its index says. Asked outside transactions. */
export function logLength(database: DatabaseSync): number {
  const frames = Number(database.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.['log'] ?? 0)
  const pageSize = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  return frames > 0 ? logHeaderBytes + frames * (frameHeaderBytes + pageSize) : 0
}

const logHeaderBytes = 32
const frameHeaderBytes = 24

/** Reads the structure of the named tables and indexes, and throws `store_unavailable` when a page of them is damaged. */
export function quickCheck(database: DatabaseSync, tables: readonly string[]): void {
  for (const table of tables) {
    const fault = faultOf(database, table)
    if (fault !== 'ok')
      throw domainError('store_unavailable', `the store is damaged (table ${table}): ${fault}`)
  }
}

function faultOf(database: DatabaseSync, table: string): string {
  try {
    const found = database.prepare(`PRAGMA quick_check('${table}')`).all() as { quick_check: string }[]
    return found.find(row => row.quick_check !== 'ok')?.quick_check ?? 'ok'
  } catch (error) {
    return reason(error)
  }
}

function requireSqlite(version: string): void {
  if (version.localeCompare(oldestSqlite, 'en', { numeric: true }) < 0)
    throw domainError(
      'store_unavailable',
      `SQLite ${version} is too old, ${oldestSqlite} or newer is needed: use a newer Node`
    )
}

function requirePragma(database: DatabaseSync, name: string, wanted: string | number): void {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, string | number>
  if (row[name] !== wanted)
    throw domainError('store_unavailable', `the store does not keep ${name}=${wanted} (got ${row[name]})`)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
