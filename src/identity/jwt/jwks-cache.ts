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

/** A key, and the generation of its set. */
export type FoundKey = { readonly key: CryptoKey; readonly generation: number }

/** How often an unknown key is looked for at most, whoever sends tokens that name it. */
const cooldownMs = 10_000
const retryMs = 30_000
/** How long keys are taken that could not be confirmed. */
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
  #fetching: Promise<boolean> | null = null
  #waiting = 0
  #faulty = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** Begins to fetch the keys without waiting for them. */
  constructor(options: JwksCacheOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    void this.refresh()
  }

  /** Whether the last fetch failed. */
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

  /** The key for a token. Throws an error of jose when there is none; an unknown `kid` is looked for at the issuer first. */
  async keyFor(header: JWSHeaderParameters): Promise<FoundKey> {
    try {
      return await this.#findNow(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#fetchAgain())) throw error
      return await this.#findNow(header)
    }
  }

  /** Takes generation and set in one step: the set may be replaced while the key is imported. */
  async #findNow(header: JWSHeaderParameters): Promise<FoundKey> {
    const { generation } = this
    return { generation, key: await this.#find(header) }
  }

  /** Fetches the keys, or joins the fetch under way. Resolves to whether it succeeded; never rejects. */
  refresh(): Promise<boolean> {
    this.#fetching ??= this.#refetch().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  /** Stops refreshing. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #fetchAgain(): Promise<boolean> {
    const cooling = this.#nowMs() - this.#fetchedAtMs < cooldownMs
    if (this.#waiting >= maxWaiting || this.#closed || (cooling && this.#fetching === null)) return false
    this.#waiting++
    try {
      return await this.refresh()
    } finally {
      this.#waiting--
    }
  }

  async #refetch(): Promise<boolean> {
    clearTimeout(this.#timer)
    this.#fetchedAtMs = this.#nowMs()
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
