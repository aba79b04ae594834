import { PollLoop } from '../base/poll-loop.ts'

/** What is kept up to date with the store. */
export type Following = {
  /** Whether the last read failed. */
  isStale(): boolean
  /** Resolves when all changes made so far are known, or could not be read. Never rejects. */
  refresh(): Promise<void>
  stop(): void
}

/** Changes by other processes take effect well within a second. */
const pollMs = 250

/** Reads the changes in the store again and again. A read that fails is tried again. */
export function followStore(readChanges: () => Promise<void>, onError: (error: unknown) => void): Following {
  let stale = false
  const polling = new PollLoop(
    () => pollMs,
    async () => {
      try {
        await readChanges()
        stale = false
      } catch (error) {
        stale = true
        onError(error)
      }
    }
  )
  return {
    isStale: () => stale,
    // A poll under way may have read before the change that the caller knows of.
    refresh: () => polling.runAgain(),
    stop: () => polling.stop()
  }
}
