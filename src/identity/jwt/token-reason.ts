import { errorReason } from '../../base/error-reason.ts'
import type { TokenReason } from '../authentication-failure.ts'

const byCode: ReadonlyMap<string, TokenReason> = new Map([
  ['encoding', 'token_malformed'],
  ['ERR_JWS_INVALID', 'token_malformed'],
  ['ERR_JWT_INVALID', 'token_malformed'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'token_algorithm'],
  ['ERR_JOSE_NOT_SUPPORTED', 'token_unsupported'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'token_key'],
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'token_key'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'token_signature'],
  ['signature', 'token_signature'],
  ['typ', 'token_type'],
  ['tenant_claim', 'token_tenant'],
  ['ERR_JWT_EXPIRED', 'token_expired'],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'token_claims']
])

/** Claims whose failure has a reason of its own. */
const byClaim: ReadonlyMap<unknown, TokenReason> = new Map([
  ['aud', 'token_audience'],
  ['nbf', 'token_not_yet_valid']
])

/** The reason behind an error of verification, without anything of the token. */
export function tokenReason(error: unknown): TokenReason {
  const reason = byCode.get(errorReason(error)) ?? 'token_unverifiable'
  if (reason !== 'token_claims') return reason
  const { claim, reason: why } = error as { claim?: unknown; reason?: unknown }
  // A malformed claim says nothing about times.
  return claim === 'nbf' && why !== 'check_failed' ? reason : (byClaim.get(claim) ?? reason)
}

const behindSignature: ReadonlySet<TokenReason> = new Set([
  'token_type',
  'token_audience',
  'token_expired',
  'token_not_yet_valid',
  'token_claims',
  'token_tenant'
])

/** Whether only a token with a genuine signature is rejected for this reason. */
export function isOfIssuer(reason: TokenReason): boolean {
  return behindSignature.has(reason)
}
