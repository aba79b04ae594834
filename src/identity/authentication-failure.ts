import type { KeyRow } from '../tenants/keys/key-row.ts'

/** Why a token is rejected. */
export type TokenReason =
  | 'token_too_long'
  /** In the header of keys, where tokens are not taken. */
  | 'token_in_key_header'
  /** Not a token, or not in canonical encoding. */
  | 'token_malformed'
  | 'token_issuer'
  | 'token_algorithm'
  | 'token_unsupported'
  /** The issuer has no such key, or several that match. */
  | 'token_key'
  /** The issuer's keys are unavailable, or too old. */
  | 'token_keys_unavailable'
  | 'token_signature'
  | 'token_type'
  | 'token_audience'
  | 'token_expired'
  | 'token_not_yet_valid'
  /** Another claim is missing or malformed. */
  | 'token_claims'
  /** It names no tenant, or none that exists. */
  | 'token_tenant'
  /** Any other failure, such as an unusable key. */
  | 'token_unverifiable'

/** Why authentication failed, for ledger and log alone: callers get the same 401 for all. */
export type RejectionReason =
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'tenant_disabled'
  | 'address'
  | TokenReason

/**
 * Why a request was not authenticated, and whose it was. Only a genuine proof names a tenant and a key: the id of a key is no
 * secret.
 */
export type AuthenticationFailure = {
  readonly reason: RejectionReason
  readonly tenant?: string
  readonly keyId?: string
  /** On the admin listener, in place of `keyId`. */
  readonly adminKeyId?: string
}

export type AuthenticationAttempt = { readonly requestId: string; failure: AuthenticationFailure | null }

/** Notes the failure; returns null, for nobody. */
export function failAttempt(
  attempt: AuthenticationAttempt | undefined,
  failure: AuthenticationFailure
): null {
  if (attempt !== undefined) attempt.failure = failure
  return null
}

/** Why a genuine key is no longer accepted; null for one that is. */
export function keyRejection(
  { revoked, expiresAtMs }: Required<Pick<KeyRow, 'revoked' | 'expiresAtMs'>>,
  now: number
): 'revoked' | 'expired' | null {
  if (revoked) return 'revoked'
  return expiresAtMs !== null && now >= expiresAtMs ? 'expired' : null
}
