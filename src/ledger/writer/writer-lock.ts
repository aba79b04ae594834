import { type ProcessLock, takeProcessLock } from '../../store/sqlite/process-lock.ts'

/** The file whose lock a writer holds while its process lives, beside the store. */
export function writerLockPath(storePath: string, writer: string): string {
  return `${storePath}.writers/${writer}.lock`
}

/** Takes the lock of a new writer. Throws when it is taken: that is a bug. */
export function lockNewWriter(storePath: string, writer: string): ProcessLock {
  const lock = takeProcessLock(writerLockPath(storePath, writer))
  if (!lock) throw new Error(`the lock of the new writer ${writer} is taken`)
  return lock
}
