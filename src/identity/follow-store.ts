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

/** Reads the changes in the store again and again, one read at a time. A read that fails is tried again. */
export function followStore(readChanges: () => Promise<void>, onError: (error: unknown) => void): Following {
  let polling: Promise<void> | null = null
  let stale = false

  function poll(): Promise<void> {
    polling ??= readChanges()
      .then(
        () => {
          stale = false
        },
        (error: unknown) => {
          stale = true
          onError(error)
        }
      )
      .finally(() => {
        polling = null
      })
    return polling
  }

  const timer = setInterval(poll, pollMs)
  return {
    isStale: () => stale,
    async refresh() {
      // A poll under way may have read before the change that the caller knows of.
      await polling
      await poll()
    },
    stop: () => clearInterval(timer)
  }
}
