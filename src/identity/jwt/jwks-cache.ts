import { type CryptoKey, createLocalJWKSet, errors, type JWSHeaderParameters } from 'jose'
import { PollLoop } from '../../base/poll-loop.ts'
import type { EventPublisher } from '../../telemetry/events.ts'
import type { JwksSource } from './jwks-source.ts'
import { parseJwks } from './parse-jwks.ts'

export type JwksCacheOptions = {
  /** The issuer's name, for events. */
  issuer: string
  source: JwksSource
  events: EventPublisher
  /** Milliseconds of a clock that never steps back. */
  nowMs?: () => number
}

/** A key, and the generation of its set. */
export type FoundKey = { readonly key: CryptoKey; readonly generation: number }

/** The pause between fetches for unknown keys, which anybody can name. */
const cooldownMs = 10_000
const retryMs = 30_000
/** How long unconfirmed keys are used. */
const staleAfterMs = 24 * 60 * 60_000
/** How many requests may wait for a fetch. */
const maxWaiting = 100

const none = createLocalJWKSet({ keys: [] })

/** The public keys of one issuer, refreshed in the background by one fetch at a time. */
export class JwksCache {
  readonly #options: JwksCacheOptions
  readonly #nowMs: () => number
  #find = none
  #text = ''
  #generation = 0
  #confirmedAtMs: number | null = null
  #fetchedAtMs = Number.NEGATIVE_INFINITY
  #waiting = 0
  #faulty = false
  readonly #polling: PollLoop

  /** Begins to fetch the keys without waiting for them. */
  constructor(options: JwksCacheOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    const { everyMs } = options.source
    this.#polling = new PollLoop(
      () => (this.#faulty ? Math.min(everyMs, retryMs) : everyMs),
      () => this.#load()
    )
    void this.refresh()
  }

  get areUnavailable(): boolean {
    return this.#faulty
  }

  /** Grows with each change of the keys. */
  get generation(): number {
    const unconfirmedMs = this.#nowMs() - (this.#confirmedAtMs ?? 0)
    if (this.#confirmedAtMs !== null && unconfirmedMs > staleAfterMs) {
      this.#confirmedAtMs = null
      this.#replace('', none)
      this.#options.events.publish('issuer.keys_expired', { issuer: this.#options.issuer })
    }
    return this.#generation
  }

  /** Whether there are keys to verify by: fetched, and not too long ago. */
  get areKnown(): boolean {
    return this.#text !== ''
  }

  /** The key for a token; an unknown `kid` causes a fetch first. Throws an error of jose when there is none. */
  async keyFor(header: JWSHeaderParameters): Promise<FoundKey> {
    const { generation } = this
    try {
      return await this.#findNow(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      // Keys may have arrived meanwhile.
      if (generation === this.generation && !(await this.#fetchAgain())) throw error
      return await this.#findNow(header)
    }
  }

  /** Takes generation and set in one step: the set may be replaced while the key is imported. */
  async #findNow(header: JWSHeaderParameters): Promise<FoundKey> {
    const { generation } = this
    return { generation, key: await this.#find(header) }
  }

  /** Fetches the keys, or joins the fetch under way. Resolves to whether it succeeded; never rejects. */
  async refresh(): Promise<boolean> {
    await this.#polling.run()
    return !this.#faulty
  }

  /** Stops refreshing. */
  close(): void {
    this.#polling.stop()
  }

  async #fetchAgain(): Promise<boolean> {
    const cooling = this.#nowMs() - this.#fetchedAtMs < cooldownMs
    if (this.#waiting >= maxWaiting || (cooling && !this.#polling.isRunning)) return false
    this.#waiting++
    try {
      return await this.refresh()
    } finally {
      this.#waiting--
    }
  }

  async #load(): Promise<void> {
    const { issuer, source, events } = this.#options
    this.#fetchedAtMs = this.#nowMs()
    try {
      const text = await source.read()
      const keySet = parseJwks(text)
      this.#confirmedAtMs = this.#nowMs()
      if (text !== this.#text) {
        this.#replace(text, createLocalJWKSet(keySet))
        events.publish('issuer.keys_read', { issuer, keys: keySet.keys.length })
      } else if (this.#faulty) events.publish('issuer.keys_available', { issuer })
      this.#faulty = false
    } catch (err) {
      if (!this.#faulty) events.publish('issuer.keys_unavailable', { issuer, from: source.from, err })
      this.#faulty = true
    }
  }

  #replace(text: string, find: typeof none): void {
    this.#text = text
    this.#find = find
    this.#generation++
  }
}
