import type { DatabaseSync } from 'node:sqlite'

/** Runs `work` in one write transaction: all of it becomes durable, or nothing. */
export function transact<T>(raw: DatabaseSync, work: () => T): T {
  raw.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    raw.exec('COMMIT')
    return result
  } finally {
    if (raw.isTransaction) raw.exec('ROLLBACK')
  }
}
