import { DatabaseSync } from 'node:sqlite'

/** Keeps every other connection from writing, as a process that hangs in a write transaction would. */
export function holdWriteLock(path: string): { release(): void } {
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec('BEGIN IMMEDIATE')
  return {
    release() {
      if (!database.isOpen) return
      database.exec('ROLLBACK')
      database.close()
    }
  }
}
