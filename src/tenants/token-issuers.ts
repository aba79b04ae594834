import { decodeJwt } from 'jose'
import { errorReason } from '../error-reason.ts'
import type { Logger } from '../logger.ts'
import { Problem } from '../problems.ts'
import type { Caller, Directory } from './directory.ts'
import { keySetSource } from './key-set-source.ts'
import { TokenIssuer, type TokenIssuerOptions, TokenRefused } from './token-issuer.ts'
import { TokenKeys } from './token-keys.ts'
import { TokenText } from './token-text.ts'
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts'

/** Longer ones are not looked at. All headers together may be 8 KiB. */
const maxTokenLength = 6_144
/** How many tokens may be under verification; each is a job for the thread pool. */
const maxUnderWay = 1_024

/** Callers who prove themselves by a JSON Web Token of an issuer that is trusted. */
export class TokenIssuers {
  readonly #byIssuer: ReadonlyMap<string, TokenIssuer>
  readonly #directory: Pick<Directory, 'find'>
  readonly #logger: Pick<Logger, 'debug'>
  readonly #verified: VerifiedTokens
  #underWay = 0

  constructor(
    issuers: readonly TokenIssuer[],
    directory: Pick<Directory, 'find'>,
    logger: Pick<Logger, 'debug'>,
    verified = new VerifiedTokens()
  ) {
    this.#byIssuer = new Map(issuers.map(issuer => [issuer.options.issuer, issuer]))
    this.#directory = directory
    this.#logger = logger
    this.#verified = verified
  }

  /**
   * The caller behind a token, at the time `now` (milliseconds since 1970), or null, whatever is wrong with it. At once
   * for a token that has been seen before. Throws `overloaded` when too many others are being verified.
   */
  authenticate(token: string, now: number): Caller | null | Promise<Caller | null> {
    if (token.length > maxTokenLength) return null
    const text = new TokenText(token)
    const known = this.#verified.find(text.content, now)
    if (known?.digest === text.digest) return this.#callerOf(known)
    const issuer = this.#byIssuer.get(issuerIn(token))
    if (issuer === undefined) return null
    if (this.#underWay >= maxUnderWay) throw new Problem('overloaded', { retryAfter: 1 })
    return this.#verify(issuer, token, text, now)
  }

  async #verify(issuer: TokenIssuer, token: string, text: TokenText, now: number): Promise<Caller | null> {
    this.#underWay++
    try {
      if (!text.isCanonical) throw new TokenRefused('encoding')
      const verified = await issuer.verify(token, now)
      this.#remember(text, verified, now)
      return this.#callerOf(verified)
    } catch (error) {
      this.#logger.debug({ issuer: issuer.options.name, reason: errorReason(error) }, 'a token was refused')
      return null
    } finally {
      this.#underWay--
    }
  }

  /** Refuses the other solution of a signature by ECDSA: no issuer makes both, and whoever holds one can make the other. */
  #remember(text: TokenText, verified: VerifiedToken, now: number): void {
    const { content, digest, firstHalf } = text
    const known = this.#verified.find(content, now)
    if (known && known.digest !== digest && known.firstHalf === firstHalf) throw new TokenRefused('signature')
    this.#verified.keep(content, { ...verified, digest, firstHalf })
  }

  /** Asked at each call, so that a tenant that has been disabled is refused at once. */
  #callerOf({ issuer, tenant: name }: VerifiedToken): Caller | null {
    const tenant = this.#directory.find(name)
    return tenant === null ? null : { tenant, keyId: issuer.keyId }
  }
}

/** Who a token says it is of, before anything is proved; '' when it says nothing. */
function issuerIn(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch {
    return ''
  }
}

/** The issuers, and the end of their refreshing. */
export function openTokenIssuers(
  options: readonly TokenIssuerOptions[],
  directory: Pick<Directory, 'find'>,
  logger: Logger
): { tokens: TokenIssuers; lackKeys(): boolean; close(): void } {
  const keySets = options.map(
    ({ name, jwks }) => new TokenKeys({ issuer: name, source: keySetSource(jwks), logger })
  )
  const issuers = options.map((each, index) => new TokenIssuer(each, keySets[index] as TokenKeys))
  return {
    tokens: new TokenIssuers(issuers, directory, logger),
    lackKeys: () => keySets.some(({ areUnavailable }) => areUnavailable),
    close: () => {
      for (const keys of keySets) keys.close()
    }
  }
}
