import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { domainError } from '../../contract/error-table.ts'
import { isStoreError } from '../store-fault.ts'
import { hasMigration } from './migration-state.ts'
import { quickCheck, requireOwn } from './sqlite.ts'
import { checkedAtStart, sqlitePath } from './store-file.ts'
import { requireUsablePath } from './usable-path.ts'

/** A store as it is found, for whoever only looks. */
export type InspectedStore = {
  /** Absolute. */
  readonly path: string
  /** `earlier`: of an earlier version, so that some of what is asked for may not be there. */
  readonly state: 'ready' | 'earlier' | 'absent'
  /** Whether the folder of the file is there. */
  readonly hasFolder: boolean
  /** Open for reading alone; null when there is no store. */
  readonly raw: DatabaseSync | null
  /** Whether somebody has opened the store meanwhile, so that what was read of it may be half of this and half of that. */
  isStale(): boolean
  close(): void
}

/**
 * Looks at the store that GATEWAY_STORE_URL names: nothing is made, migrated, locked or left behind, and it works beside a
 * running gateway. Throws `store_unavailable` for what `openStoreFile` would refuse.
 */
export function inspectStore(url: string): InspectedStore {
  const path = sqlitePath(url)
  const { isThere, hasFolder } = requireUsablePath(path)
  if (!isThere) return absent(path, hasFolder)
  const hasLog = existsSync(logOf(path))
  let raw: DatabaseSync | undefined
  try {
    const opened = openForLooking(path, hasLog)
    raw = opened
    requireOwn(opened)
    if (isEmpty(opened)) {
      opened.close()
      return absent(path, hasFolder)
    }
    const state = hasMigration(opened) ? 'ready' : 'earlier'
    if (state === 'ready') quickCheck(opened, checkedAtStart)
    const isStale = () => !hasLog && existsSync(logOf(path))
    return { path, state, hasFolder, raw: opened, isStale, close: () => opened.close() }
  } catch (error) {
    raw?.close()
    if (isStoreError(error)) throw error
    throw domainError('store_unavailable', `cannot open the store ${path}: ${(error as Error).message}`, {
      cause: error
    })
  }
}

/**
 * Who only reads cannot tidy up: SQLite would leave a log and its index beside a store that nobody has open. Without a
 * log there is nothing in it but what the file holds, so that the file may be read as one that does not change.
 */
function openForLooking(path: string, hasLog: boolean): DatabaseSync {
  const url = pathToFileURL(path)
  if (!hasLog) url.searchParams.set('immutable', '1')
  const raw = new DatabaseSync(url, { readOnly: true, timeout: 2000 })
  raw.exec('PRAGMA trusted_schema = OFF')
  return raw
}

function logOf(path: string): string {
  return `${path}-wal`
}

/** A file that was made and never written to becomes a store as one that is not there does. */
function isEmpty(raw: DatabaseSync): boolean {
  return raw.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
}

function absent(path: string, hasFolder: boolean): InspectedStore {
  return { path, state: 'absent', hasFolder, raw: null, isStale: () => false, close: () => {} }
}
