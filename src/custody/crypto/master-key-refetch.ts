import type { MasterKey } from './master-key.ts'
import { notOfThisStore, type StoreKeys } from './root-key.ts'

export type MasterKeyRefetchOptions = {
  /** Gives the master key that the setting refers to now. */
  readonly fetch: () => Promise<MasterKey>
  /** Opens the store's keys by it. Throws when it is not the right one. */
  readonly open: (masterKey: MasterKey) => StoreKeys
  /** For how long the setting is not asked again. */
  readonly pauseMs: number
  /** In monotonic milliseconds. */
  readonly nowMs?: () => number
}

/**
 * Looks for the master key of a store that was put under another one. What it is fetched by may take long, and nothing
 * waits for that: who asks gets what was found since the last time.
 */
export class MasterKeyRefetch {
  readonly #options: MasterKeyRefetchOptions
  readonly #nowMs: () => number
  #found: MasterKey | null = null
  #searching = false
  #endedAtMs = Number.NEGATIVE_INFINITY
  #reason: unknown = notOfThisStore()

  constructor(options: MasterKeyRefetchOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  /** The keys of the store. Throws why there are none yet. */
  current(): StoreKeys {
    const found = this.#found
    this.#found = null
    try {
      if (!found) throw this.#reason
      return this.#options.open(found)
    } catch (error) {
      this.#reason = error
      this.#searchAgain()
      throw error
    }
  }

  #searchAgain(): void {
    if (this.#searching || this.#nowMs() - this.#endedAtMs < this.#options.pauseMs) return
    this.#searching = true
    this.#options
      .fetch()
      .then(
        masterKey => {
          this.#found = masterKey
        },
        error => {
          this.#reason = error
        }
      )
      .finally(() => {
        this.#searching = false
        this.#endedAtMs = this.#nowMs()
      })
  }
}
