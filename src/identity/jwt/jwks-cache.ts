import { type CryptoKey, createLocalJWKSet, errors, type JWSHeaderParameters } from 'jose'
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

/** A key, and the generation of the set that it is in. */
export type FoundKey = { readonly key: CryptoKey; readonly generation: number }

/** A key that is not known is asked for this often at most, whoever sends tokens that name it. */
const cooldownMs = 10_000
const retryMs = 30_000
/** How long keys are believed that could not be confirmed. */
const staleAfterMs = 24 * 60 * 60_000
/** How many requests may wait for a key that is being fetched. */
const maxWaiting = 100

const none = createLocalJWKSet({ keys: [] })

/** The public keys of one issuer, refreshed in the background. One fetch at a time, for everybody who waits for it. */
export class JwksCache {
  readonly #options: JwksCacheOptions
  readonly #nowMs: () => number
  #find = none
  #text = ''
  #generation = 0
  #confirmedAtMs: number | null = null
  #askedAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<boolean> | null = null
  #waiting = 0
  #faulty = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** Begins to fetch the keys, and does not wait for them. */
  constructor(options: JwksCacheOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    void this.refresh()
  }

  /** Whether they could not be had the last time. */
  get areUnavailable(): boolean {
    return this.#faulty
  }

  /** Another number whenever the keys are others than before. */
  get generation(): number {
    const unconfirmedMs = this.#nowMs() - (this.#confirmedAtMs ?? 0)
    if (this.#confirmedAtMs !== null && unconfirmedMs > staleAfterMs) {
      this.#confirmedAtMs = null
      this.#replace('', none)
      this.#options.events.publish('issuer.keys_expired', { issuer: this.#options.issuer })
    }
    return this.#generation
  }

  /** Whether there are keys by which anything could be verified: they have been had, and not too long ago. */
  get areKnown(): boolean {
    return this.#text !== ''
  }

  /** The key for a token. Throws an error of jose when there is none; for a new `kid` only after the issuer was asked. */
  async keyFor(header: JWSHeaderParameters): Promise<FoundKey> {
    try {
      return await this.#findNow(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#askAgain())) throw error
      return await this.#findNow(header)
    }
  }

  /** Number and set are taken in one step: the set may be replaced while the key is being made ready. */
  async #findNow(header: JWSHeaderParameters): Promise<FoundKey> {
    const { generation } = this
    return { generation, key: await this.#find(header) }
  }

  /** Reads the keys again, or joins a reading under way. Resolves to whether they could be had; never rejects. */
  refresh(): Promise<boolean> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  /** Stops refreshing. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #askAgain(): Promise<boolean> {
    const cooling = this.#nowMs() - this.#askedAtMs < cooldownMs
    if (this.#waiting >= maxWaiting || this.#closed || (cooling && this.#asking === null)) return false
    this.#waiting++
    try {
      return await this.refresh()
    } finally {
      this.#waiting--
    }
  }

  async #ask(): Promise<boolean> {
    clearTimeout(this.#timer)
    this.#askedAtMs = this.#nowMs()
    const { source } = this.#options
    const done = await this.#load()
    const delayMs = done ? source.everyMs : Math.min(source.everyMs, retryMs)
    if (!this.#closed) this.#timer = setTimeout(() => void this.refresh(), delayMs).unref()
    return done
  }

  async #load(): Promise<boolean> {
    const { issuer, source, events } = this.#options
    try {
      const text = await source.read()
      const keySet = parseJwks(text)
      this.#confirmedAtMs = this.#nowMs()
      if (text !== this.#text) {
        this.#replace(text, createLocalJWKSet(keySet))
        events.publish('issuer.keys_read', { issuer, keys: keySet.keys.length })
      } else if (this.#faulty) events.publish('issuer.keys_available', { issuer })
      this.#faulty = false
      return true
    } catch (err) {
      if (!this.#faulty) events.publish('issuer.keys_unavailable', { issuer, from: source.from, err })
      this.#faulty = true
      return false
    }
  }

  #replace(text: string, find: typeof none): void {
    this.#text = text
    this.#find = find
    this.#generation++
  }
}
