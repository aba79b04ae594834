import type { MasterKey } from './master-key.ts'
import { notOfThisStore, type StoreKeys } from './root-key.ts'

export type MasterKeyRefetchOptions = {
  /** Gives the master key that the setting refers to now. */
  readonly fetch: () => Promise<MasterKey>
  /** Opens the store's keys by it. Throws when it is not the right one. */
  readonly open: (masterKey: MasterKey) => StoreKeys
  /** The time between two fetches. */
  readonly pauseMs: number
}

/**
 * Fetches the master key of a store that was put under another one. A fetch may take long, and nothing waits for it: a call opens
 * the store's keys by what was fetched since the last call, or throws why there are none yet.
 */
export function masterKeyRefetch(options: MasterKeyRefetchOptions): () => StoreKeys {
  let fetched: MasterKey | null = null
  let reason: unknown = notOfThisStore()
  let nextAtMs = 0

  async function refetch(): Promise<void> {
    nextAtMs = Number.POSITIVE_INFINITY
    try {
      fetched = await options.fetch()
    } catch (error) {
      reason = error
    }
    nextAtMs = performance.now() + options.pauseMs
  }

  return function currentKeys() {
    const masterKey = fetched
    fetched = null
    try {
      if (!masterKey) throw reason
      return options.open(masterKey)
    } catch (error) {
      reason = error
      if (performance.now() >= nextAtMs) void refetch()
      throw error
    }
  }
}
