import { PollLoop } from '../base/poll-loop.ts'

export type Following = {
  /** Whether the last read failed. */
  isStale(): boolean
  /** Resolves when all changes made so far are known, or could not be read. Never rejects. */
  refresh(): Promise<void>
  stop(): void
}

/** Changes by other processes take effect well within a second. */
const pollMs = 250

/** Polls the store for changes, also after a failure. */
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
    // A poll under way may have read too early.
    refresh: () => polling.runAgain(),
    stop: () => polling.stop()
  }
}
