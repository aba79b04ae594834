import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { asStoreError } from '../store-fault.ts'
import { hasMigration } from './migration-state.ts'
import { openForReading, quickCheck, requireOwn } from './sqlite.ts'
import { checkedAtStart, sqlitePath } from './store-file.ts'
import { requireUsablePath } from './usable-path.ts'

/** A store as `check` finds it. */
export type InspectedStore = {
  readonly path: string
  /** `earlier`: of an earlier version, so that tables or columns may be missing. */
  readonly state: 'ready' | 'earlier' | 'absent'
  /** Whether the folder of the file exists. */
  readonly hasFolder: boolean
  /** Open for reading alone; null when there is no store. */
  readonly raw: DatabaseSync | null
  /** Whether somebody has opened the store meanwhile: what was read may be of two moments. */
  isStale(): boolean
  close(): void
}

/**
 * Opens the store that GATEWAY_STORE_URL names to look at it, beside a running gateway or not: nothing is created, migrated,
 * locked or left behind. Throws `store_unavailable` for what `openStoreFile` would refuse.
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
    throw asStoreError(error, `cannot open the store ${path}`)
  }
}

/**
 * A reader cannot clean up: beside a store that nobody has open, SQLite would leave a log and its index. Without a log all
 * data is in the file, which can be opened as one that does not change.
 */
function openForLooking(path: string, hasLog: boolean): DatabaseSync {
  const url = pathToFileURL(path)
  if (!hasLog) url.searchParams.set('immutable', '1')
  return openForReading(url)
}

function logOf(path: string): string {
  return `${path}-wal`
}

/** An empty file becomes a store as an absent one does. */
function isEmpty(raw: DatabaseSync): boolean {
  return raw.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
}

function absent(path: string, hasFolder: boolean): InspectedStore {
  return { path, state: 'absent', hasFolder, raw: null, isStale: () => false, close: () => {} }
}
