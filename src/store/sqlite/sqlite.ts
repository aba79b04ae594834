import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { asStoreError } from '../store-fault.ts'

/** Older SQLite builds have a WAL bug that can lose a committed transaction. */
const oldestSqlite = '3.51.3'

/** What a grown log is cut to when it begins again. Four times its usual size, so that it is not cut each time. */
const logLimitBytes = 16 * 1024 * 1024

/** How long a statement waits for another process's lock. */
const busyTimeoutMs = 2000

/** With these a committed transaction survives a power cut. They are read back rather than assumed. 2 is FULL. */
const durability = { journal_mode: 'wal', synchronous: 2, journal_size_limit: logLimitBytes }

/** Opens the SQLite file at `path`, created with its folder when absent. Throws `store_unavailable`. */
export function openSqlite(path: string): DatabaseSync {
  requireSqlite(process.versions.sqlite ?? '0')
  let database: DatabaseSync | undefined
  try {
    createOwnerFile(path)
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    requireOwn(database)
    for (const [name, value] of Object.entries(durability)) setPragma(database, name, value)
    database.exec('PRAGMA mmap_size = 0')
    database.exec('PRAGMA trusted_schema = OFF')
    return database
  } catch (error) {
    database?.close()
    throw asStoreError(error, `cannot open the store ${path}`)
  }
}

export function openForReading(location: string | URL): DatabaseSync {
  const database = new DatabaseSync(location, { readOnly: true, timeout: busyTimeoutMs })
  database.exec('PRAGMA trusted_schema = OFF')
  return database
}

/** Throws `store_unavailable` for a database of another program. The first table of every store is that of its migrations. */
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
 * SQLite gives the side files the same mode. An existing file is not touched: closing any descriptor of it drops all locks that
 * this process holds on it.
 */
function createOwnerFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Copies the log into the file, and syncs the file. Pages of a log whose sync has failed may look written and never reach the
 * disk, whatever later syncs of the log say; those of the copy are new. `TRUNCATE` also empties the log. Throws what SQLite
 * throws, or `store_unavailable` when another connection uses the log.
 */
export function moveLogIntoFile(database: DatabaseSync, mode: 'FULL' | 'TRUNCATE' = 'FULL'): void {
  const { busy } = database.prepare(`PRAGMA wal_checkpoint(${mode})`).get() ?? {}
  if (busy !== 0)
    throw domainError('store_unavailable', 'another connection keeps the log of the store in use')
}

/** How many bytes of the log are in use, by its index. Must be called outside transactions. */
export function logLength(database: DatabaseSync): number {
  const frames = Number(database.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.['log'] ?? 0)
  const pageSize = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  return frames > 0 ? logHeaderBytes + frames * (frameHeaderBytes + pageSize) : 0
}

const logHeaderBytes = 32
const frameHeaderBytes = 24

/** Reads the pages of these tables and their indexes. Throws `store_unavailable` when one is damaged. */
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
    return (error as Error).message
  }
}

function requireSqlite(version: string): void {
  if (version.localeCompare(oldestSqlite, 'en', { numeric: true }) < 0)
    throw domainError(
      'store_unavailable',
      `SQLite ${version} is too old, ${oldestSqlite} or newer is needed: use a newer Node`
    )
}

function setPragma(database: DatabaseSync, name: string, value: string | number): void {
  database.exec(`PRAGMA ${name} = ${value}`)
  const actual = database.prepare(`PRAGMA ${name}`).get()?.[name]
  if (actual !== value)
    throw domainError('store_unavailable', `the store does not keep ${name}=${value} (got ${actual})`)
}
