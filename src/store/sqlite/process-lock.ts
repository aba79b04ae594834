import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asStoreError } from '../store-fault.ts'

/** A lock that the operating system drops when its process ends, however it ends. */
export type ProcessLock = { release(): void }

/**
 * Takes the lock on `path`, or returns null when a living process, in any container, holds it: a process id would not do. Node has
 * no file locks, so it is SQLite's, on an empty database. Throws `store_unavailable` when it cannot be created.
 */
export function takeProcessLock(path: string): ProcessLock | null {
  const database = openLock(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return null
    throw error
  }
  return {
    release() {
      rmSync(path, { force: true })
      database.close()
    }
  }
}

function openLock(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return new DatabaseSync(path, { timeout: 0 })
  } catch (error) {
    throw asStoreError(error, `cannot make the lock ${path}`)
  }
}

const sqliteBusy = 5
