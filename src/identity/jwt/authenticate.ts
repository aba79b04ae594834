import { decodeJwt, type errors } from 'jose'
import { errorReason } from '../../base/error-reason.ts'
import type { TokenIssuerOptions } from '../../config/authentication.ts'
import { Problem } from '../../contract/problem.ts'
import type { EventPublisher } from '../../telemetry/events.ts'
import {
  type AuthenticationAttempt,
  type AuthenticationFailure,
  failAttempt,
  type TokenReason
} from '../authentication-failure.ts'
import type { Caller, Directory } from '../directory.ts'
import type { VerifiedToken } from './issuer.ts'
import { TokenIssuer, unusableToken } from './issuer.ts'
import { JwksCache } from './jwks-cache.ts'
import { jwksSource } from './jwks-source.ts'
import { isOfIssuer, tokenReason } from './token-reason.ts'
import { TokenText } from './token-text.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Longer ones are not looked at. All headers together may be 8 KiB. */
const maxTokenLength = 6_144
/** How many tokens may be under verification; each is a job for the thread pool. */
const maxUnderWay = 1_024

/** Callers who prove themselves by a JSON Web Token of an issuer that is trusted. */
export class JwtAuthenticator {
  readonly #byIssuer: ReadonlyMap<string, TokenIssuer>
  readonly #directory: Pick<Directory, 'find'>
  readonly #events: EventPublisher
  readonly #verified: VerifiedTokens
  #underWay = 0

  constructor(
    issuers: readonly TokenIssuer[],
    directory: Pick<Directory, 'find'>,
    events: EventPublisher,
    verified = new VerifiedTokens()
  ) {
    this.#byIssuer = new Map(issuers.map(issuer => [issuer.options.issuer, issuer]))
    this.#directory = directory
    this.#events = events
    this.#verified = verified
  }

  /**
   * The caller behind a token, at the time `now` (milliseconds since 1970), or null: the reason goes to the applicant alone, and a
   * line at `debug`. At once for a token that has been seen before. Throws `overloaded` when too many others are being verified.
   */
  authenticate(
    token: string,
    now: number,
    applicant?: AuthenticationAttempt
  ): Caller | null | Promise<Caller | null> {
    if (token.length > maxTokenLength) return this.refuse('token_too_long', applicant)
    const text = new TokenText(token)
    const known = this.#verified.find(text.content, now)
    if (known?.digest === text.digest) return this.#callerOf(known, applicant)
    const said = issuerIn(token)
    if (said === null) return this.refuse('token_malformed', applicant)
    const issuer = this.#byIssuer.get(said)
    if (issuer === undefined) return this.refuse('token_issuer', applicant)
    if (this.#underWay >= maxUnderWay) throw new Problem('overloaded', { retryAfter: 1 })
    return this.#verify(issuer, token, text, now, applicant)
  }

  /** Refuses a token at sight. Returns that nobody is admitted. */
  refuse(reason: TokenReason, applicant: AuthenticationAttempt | undefined): null {
    return this.#turnAway({ reason }, applicant, {})
  }

  #turnAway(
    stranger: AuthenticationFailure,
    applicant: AuthenticationAttempt | undefined,
    more: { issuer?: string; error?: string }
  ): null {
    // No text of the token: its own claims, the issuer's among them, prove nothing yet.
    const { reason } = stranger
    this.#events.publish('token.rejected', { request_id: applicant?.requestId, ...more, reason })
    return failAttempt(applicant, stranger)
  }

  async #verify(
    issuer: TokenIssuer,
    token: string,
    text: TokenText,
    now: number,
    applicant: AuthenticationAttempt | undefined
  ): Promise<Caller | null> {
    this.#underWay++
    try {
      if (!text.isCanonical) throw unusableToken('encoding')
      const verified = await issuer.verify(token, now)
      this.#remember(text, verified, now)
      return this.#callerOf(verified, applicant)
    } catch (error) {
      const more = { issuer: issuer.options.name, error: errorReason(error) }
      return this.#turnAway(this.#strangerOf(issuer, error), applicant, more)
    } finally {
      this.#underWay--
    }
  }

  /** Refuses the other solution of a signature by ECDSA: no issuer makes both, and whoever holds one can make the other. */
  #remember(text: TokenText, verified: VerifiedToken, now: number): void {
    const { content, digest, firstHalf } = text
    const known = this.#verified.find(content, now)
    if (known && known.digest !== digest && known.firstHalf === firstHalf) throw unusableToken('signature')
    this.#verified.keep(content, { ...verified, digest, firstHalf })
  }

  /** Names the issuer, and of a token that is genuine but for its time the tenant, where the signature was right. */
  #strangerOf(issuer: TokenIssuer, error: unknown): AuthenticationFailure {
    const reason = tokenReason(error)
    if (reason === 'token_key' && !issuer.hasKeys) return { reason: 'token_keys_unavailable' }
    if (!isOfIssuer(reason)) return { reason }
    const isOutOfTime = reason === 'token_expired' || reason === 'token_not_yet_valid'
    const claims = (error as Partial<errors.JWTExpired>).payload
    const named = isOutOfTime && claims !== undefined ? issuer.tenantNamedIn(claims) : undefined
    const tenant = named === undefined ? undefined : this.#directory.find(named)?.name
    return { reason, keyId: issuer.keyId, ...(tenant !== undefined && { tenant }) }
  }

  /** Asked at each call, so that a tenant that has been disabled is refused at once. */
  #callerOf(
    { issuer, tenant: name }: VerifiedToken,
    applicant: AuthenticationAttempt | undefined
  ): Caller | null {
    const { keyId } = issuer
    const tenant = this.#directory.find(name, applicant, keyId)
    if (tenant !== null) return { tenant, keyId }
    const noted = applicant?.stranger
    const stranger: AuthenticationFailure =
      noted?.reason === 'tenant_disabled' ? noted : { reason: 'token_tenant', keyId }
    return this.#turnAway(stranger, applicant, { issuer: issuer.options.name })
  }
}

/** Who a token says it is of, before anything is proved; '' when it says nothing, null when it is no token. */
function issuerIn(token: string): string | null {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch {
    return null
  }
}

/** The issuers, and the end of their refreshing. */
export function openJwtAuthenticator(
  options: readonly TokenIssuerOptions[],
  directory: Pick<Directory, 'find'>,
  events: EventPublisher
): { tokens: JwtAuthenticator; lackKeys(): boolean; close(): void } {
  const keySets = options.map(
    ({ name, jwks }) => new JwksCache({ issuer: name, source: jwksSource(jwks), events })
  )
  const issuers = options.map((each, index) => new TokenIssuer(each, keySets[index] as JwksCache))
  return {
    tokens: new JwtAuthenticator(issuers, directory, events),
    lackKeys: () => keySets.some(({ areUnavailable }) => areUnavailable),
    close: () => {
      for (const keys of keySets) keys.close()
    }
  }
}
