/** Why a token does not admit its bearer. */
export type TokenReason =
  /** Longer than any that is looked at. */
  | 'token_too_long'
  /** In the header of keys, where none is looked at. */
  | 'token_in_key_header'
  /** Not the text of a token, or not as an encoder writes it. */
  | 'token_malformed'
  /** Of no issuer that is trusted. */
  | 'token_issuer'
  /** By an algorithm that the issuer does not use. */
  | 'token_algorithm'
  /** Its header demands what is not supported. */
  | 'token_unsupported'
  /** The issuer has no such key, or several that it could mean. */
  | 'token_key'
  /** The issuer's keys could not be had, or are too old to be believed. */
  | 'token_keys_unavailable'
  | 'token_signature'
  | 'token_type'
  | 'token_audience'
  | 'token_expired'
  | 'token_not_yet_valid'
  /** Another claim is missing or is of the wrong form. */
  | 'token_claims'
  /** It names no tenant, or none that exists. */
  | 'token_tenant'
  /** Its verification failed in another way, such as by a key that cannot be used. */
  | 'token_unverifiable'

/** Why nobody was admitted. For the ledger and the log: a caller gets the same 401 for all of them. */
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
 * Who was not admitted, and why. A tenant and a key are named where the proof was genuine alone: whoever knows no more than
 * the id of a key, which is no secret, writes nothing under the name of its tenant.
 */
export type AuthenticationFailure = {
  readonly reason: RejectionReason
  readonly tenant?: string
  readonly keyId?: string
  /** On the admin listener, in place of `keyId`. */
  readonly adminKeyId?: string
}

/** A request whose sender is looked for: it keeps why nobody was found. */
export type AuthenticationAttempt = { readonly requestId: string; stranger: AuthenticationFailure | null }

/** Notes, where there is somebody to note it, why nobody is admitted; returns that nobody is. */
export function failAttempt(
  applicant: AuthenticationAttempt | undefined,
  stranger: AuthenticationFailure
): null {
  if (applicant !== undefined) applicant.stranger = stranger
  return null
}
