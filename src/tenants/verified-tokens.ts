import type { TokenIssuer } from './token-issuer.ts'

/** A token that has been found genuine, and what it says. */
export type VerifiedToken = {
  readonly issuer: TokenIssuer
  /** Which of the issuer's key sets it was verified by. */
  readonly generation: number
  readonly tenant: string
  /** Milliseconds since 1970, with the tolerance for clocks that differ. */
  readonly fromMs: number
  readonly toMs: number
}

const defaultBound = 20_000

/**
 * Tokens that have been verified, by the SHA-256 of their text: a service sends the same one for minutes. None outlives
 * its own time or a change of the keys that it was verified by.
 */
export class VerifiedTokens {
  readonly #tokens = new Map<string, VerifiedToken>()
  readonly #bound: number

  constructor(bound = defaultBound) {
    this.#bound = bound
  }

  /** How many are kept. */
  get size(): number {
    return this.#tokens.size
  }

  /** The token with this digest if it still counts at the time `now` (milliseconds since 1970), or null. */
  find(digest: string, now: number): VerifiedToken | null {
    const token = this.#tokens.get(digest)
    if (token === undefined) return null
    const { generation, issuer, fromMs, toMs } = token
    if (generation === issuer.generation && fromMs <= now && now < toMs) return token
    this.#tokens.delete(digest)
    return null
  }

  /** Keeps a token, in place of the oldest when there are too many. */
  keep(digest: string, token: VerifiedToken): void {
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size < this.#bound) break
      this.#tokens.delete(oldest)
    }
    this.#tokens.set(digest, token)
  }
}
