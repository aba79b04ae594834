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
import { TokenIssuer, unusableToken, type VerifiedToken } from './issuer.ts'
import { JwksCache } from './jwks-cache.ts'
import { jwksSource } from './jwks-source.ts'
import { isOfIssuer, tokenReason } from './token-reason.ts'
import { TokenText } from './token-text.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Longer ones are rejected unread. All headers together may be 8 KiB. */
const maxTokenLength = 6_144
/** Each verification is a job for the thread pool. */
const maxUnderWay = 1_024

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
   * The caller behind a token at `now` (milliseconds since 1970), or null: at once for a token verified before. Throws
   * `overloaded` when too many are under verification.
   */
  authenticate(
    token: string,
    now: number,
    attempt?: AuthenticationAttempt
  ): Caller | null | Promise<Caller | null> {
    if (token.length > maxTokenLength) return this.refuse('token_too_long', attempt)
    const text = new TokenText(token)
    const known = this.#verified.find(text.content, now)
    if (known?.digest === text.digest) return this.#callerOf(known, attempt)
    const name = issuerIn(token)
    if (name === null) return this.refuse('token_malformed', attempt)
    const issuer = this.#byIssuer.get(name)
    if (issuer === undefined) return this.refuse('token_issuer', attempt)
    if (this.#underWay >= maxUnderWay) throw new Problem('overloaded', { retryAfter: 1 })
    return this.#verify(issuer, token, text, now, attempt)
  }

  /** Rejects a token unread; returns null, for nobody. */
  refuse(reason: TokenReason, attempt: AuthenticationAttempt | undefined): null {
    return this.#reject({ reason }, attempt, {})
  }

  #reject(
    failure: AuthenticationFailure,
    attempt: AuthenticationAttempt | undefined,
    more: { issuer?: string; error?: string }
  ): null {
    // No text of the token: its claims, even the issuer's, prove nothing yet.
    const { reason } = failure
    this.#events.publish('token.rejected', { request_id: attempt?.requestId, ...more, reason })
    return failAttempt(attempt, failure)
  }

  async #verify(
    issuer: TokenIssuer,
    token: string,
    text: TokenText,
    now: number,
    attempt: AuthenticationAttempt | undefined
  ): Promise<Caller | null> {
    this.#underWay++
    try {
      if (!text.isCanonical) throw unusableToken('encoding')
      const verified = await issuer.verify(token, now)
      this.#remember(text, verified, now)
      return this.#callerOf(verified, attempt)
    } catch (error) {
      const more = { issuer: issuer.options.name, error: errorReason(error) }
      return this.#reject(this.#failureOf(issuer, error), attempt, more)
    } finally {
      this.#underWay--
    }
  }

  /** Rejects the other solution of an ECDSA signature: anybody can derive it from the issuer's. */
  #remember(text: TokenText, verified: VerifiedToken, now: number): void {
    const { content, digest, firstHalf } = text
    const known = this.#verified.find(content, now)
    if (known && known.digest !== digest && known.firstHalf === firstHalf) throw unusableToken('signature')
    this.#verified.keep(content, { ...verified, digest, firstHalf })
  }

  /** Names the issuer after a genuine signature, and the tenant where only the time was wrong. */
  #failureOf(issuer: TokenIssuer, error: unknown): AuthenticationFailure {
    const reason = tokenReason(error)
    if (reason === 'token_key' && !issuer.keys.areKnown) return { reason: 'token_keys_unavailable' }
    if (!isOfIssuer(reason)) return { reason }
    const isOutOfTime = reason === 'token_expired' || reason === 'token_not_yet_valid'
    const claims = (error as Partial<errors.JWTExpired>).payload
    const named = isOutOfTime && claims !== undefined ? issuer.tenantNamedIn(claims) : undefined
    const tenant = named === undefined ? undefined : this.#directory.find(named)?.name
    return { reason, keyId: issuer.keyId, ...(tenant !== undefined && { tenant }) }
  }

  /** At each call, so that disabling a tenant takes effect at once. */
  #callerOf(
    { issuer, tenant: name }: VerifiedToken,
    attempt: AuthenticationAttempt | undefined
  ): Caller | null {
    const { keyId } = issuer
    const tenant = this.#directory.find(name, attempt, keyId)
    if (tenant !== null) return { tenant, keyId }
    const found = attempt?.failure
    const failure: AuthenticationFailure =
      found?.reason === 'tenant_disabled' ? found : { reason: 'token_tenant', keyId }
    return this.#reject(failure, attempt, { issuer: issuer.options.name })
  }

  /** Whether the keys of an issuer were unavailable the last time. */
  lackKeys(): boolean {
    return [...this.#byIssuer.values()].some(({ keys }) => keys.areUnavailable)
  }

  /** Stops refreshing the issuers' keys. */
  close(): void {
    for (const { keys } of this.#byIssuer.values()) keys.close()
  }
}

/** The unverified issuer of a token; '' without one, null for no token. */
function issuerIn(token: string): string | null {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : ''
  } catch {
    return null
  }
}

/** Begins to fetch the keys of the issuers. */
export function openJwtAuthenticator(
  issuers: readonly TokenIssuerOptions[],
  directory: Pick<Directory, 'find'>,
  events: EventPublisher
): JwtAuthenticator {
  const opened = issuers.map(options => {
    const source = jwksSource(options.jwks)
    return new TokenIssuer(options, new JwksCache({ issuer: options.name, source, events }))
  })
  return new JwtAuthenticator(opened, directory, events)
}
