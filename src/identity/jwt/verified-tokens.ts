import { BoundedMap } from '../../base/bounded-map.ts'
import type { VerifiedToken } from './issuer.ts'

/** With the digests that distinguish texts of the same content. */
export type RememberedToken = VerifiedToken & { readonly digest: string; readonly firstHalf: string }

const defaultBound = 20_000

/**
 * Verified tokens by the SHA-256 of what is signed, so that all signatures of one content share an entry. An entry ends with its
 * token, or a change of the keys that verified it.
 */
export class VerifiedTokens {
  readonly #tokens: BoundedMap<string, RememberedToken>

  constructor(bound = defaultBound) {
    this.#tokens = new BoundedMap(bound)
  }

  get size(): number {
    return this.#tokens.size
  }

  /**
   * The token of this content if it is valid at `now` (milliseconds since 1970), else null. Only the text with its digest is
   * verified.
   */
  find(content: string, now: number): RememberedToken | null {
    const token = this.#tokens.get(content)
    if (token === undefined) return null
    const { generation, issuer, fromMs, toMs } = token
    if (generation === issuer.keys.generation && fromMs <= now && now < toMs) return token
    this.#tokens.delete(content)
    return null
  }

  /** Replaces another text of the same content; past the bound, the oldest tokens. */
  keep(content: string, token: RememberedToken): void {
    this.#tokens.set(content, token)
  }
}
