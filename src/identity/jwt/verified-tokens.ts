import { BoundedMap } from '../../base/bounded-map.ts'
import type { VerifiedToken } from './issuer.ts'

/** One that has been verified, with what tells its text from others of the same content. */
export type RememberedToken = VerifiedToken & { readonly digest: string; readonly firstHalf: string }

const defaultBound = 20_000

/**
 * Tokens that have been verified, by the SHA-256 of what is signed: a service sends the same one for minutes, and however
 * many signatures there are of one content, it takes one place. None outlives its own time or a change of the keys that it
 * was verified by.
 */
export class VerifiedTokens {
  readonly #tokens: BoundedMap<string, RememberedToken>

  constructor(bound = defaultBound) {
    this.#tokens = new BoundedMap(bound)
  }

  /** How many are kept. */
  get size(): number {
    return this.#tokens.size
  }

  /**
   * The token of this content if it still counts at the time `now` (milliseconds since 1970), or null. It vouches for the
   * text with its digest, and for no other.
   */
  find(content: string, now: number): RememberedToken | null {
    const token = this.#tokens.get(content)
    if (token === undefined) return null
    const { generation, issuer, fromMs, toMs } = token
    if (generation === issuer.generation && fromMs <= now && now < toMs) return token
    this.#tokens.delete(content)
    return null
  }

  /** Keeps a token, in place of another text of the same content, or of the oldest when there are too many. */
  keep(content: string, token: RememberedToken): void {
    this.#tokens.set(content, token)
  }
}
