import type { DatabaseSync } from 'node:sqlite'

/** Runs `work` in one write transaction: all of it is stored, or nothing when it throws. Waits for other writers first. */
export function inTransaction<T>(raw: DatabaseSync, work: () => T): T {
  raw.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    raw.exec('COMMIT')
    return result
  } finally {
    // SQLite rolls back by itself when the disk is full or fails.
    if (raw.isTransaction) raw.exec('ROLLBACK')
  }
}

/** All that is read until it is disposed of is of one moment. */
export function readTransaction(raw: DatabaseSync): Disposable {
  raw.exec('BEGIN')
  return { [Symbol.dispose]: () => raw.isTransaction && raw.exec('ROLLBACK') }
}
