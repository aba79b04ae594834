import { type ProcessLock, takeProcessLock } from '../../store/sqlite/process-lock.ts'

/** Where the locks that tell living writers from dead ones are kept: one file a writer, beside the store. */
export function writerLockPath(storePath: string, writer: string): string {
  return `${storePath}.writers/${writer}.lock`
}

/** Takes the lock of a writer that is new. Throws when somebody has it: that is a bug. */
export function lockNewWriter(storePath: string, writer: string): ProcessLock {
  const lock = takeProcessLock(writerLockPath(storePath, writer))
  if (!lock) throw new Error(`the lock of the new writer ${writer} is taken`)
  return lock
}
