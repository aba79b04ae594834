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
 * Fetches the master key of a store that was put under another one. A fetch may take long, and nothing waits for it: callers
 * get what was fetched since the last time.
 */
export class MasterKeyRefetch {
  readonly #options: MasterKeyRefetchOptions
  #fetched: MasterKey | null = null
  #isFetching = false
  #pausedUntilMs = 0
  #reason: unknown = notOfThisStore()

  constructor(options: MasterKeyRefetchOptions) {
    this.#options = options
  }

  /** The keys of the store. Throws why there are none yet. */
  current(): StoreKeys {
    const fetched = this.#fetched
    this.#fetched = null
    try {
      if (!fetched) throw this.#reason
      return this.#options.open(fetched)
    } catch (error) {
      this.#reason = error
      if (!this.#isFetching && performance.now() >= this.#pausedUntilMs) void this.#refetch()
      throw error
    }
  }

  async #refetch(): Promise<void> {
    this.#isFetching = true
    try {
      this.#fetched = await this.#options.fetch()
    } catch (error) {
      this.#reason = error
    }
    this.#isFetching = false
    this.#pausedUntilMs = performance.now() + this.#options.pauseMs
  }
}
