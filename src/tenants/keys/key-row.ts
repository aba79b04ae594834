import type { Tables } from '../../store/tables.ts'

/** A tenant's key, or an admin key, as the store's thread posts it to the thread that answers. */
export type KeyRow = {
  readonly id: string
  readonly digest: Uint8Array
  /** Milliseconds since 1970; null for a key that does not expire. */
  readonly expiresAtMs: number | null
  /** Known only to explain a rejected request. */
  readonly revoked?: boolean
}

/** What a key's row is read from. */
export type KeyColumns = Pick<Tables['api_key'], 'id' | 'digest' | 'expires_at' | 'revoked_at'>
export const keyColumns = 'id, digest, expires_at, revoked_at'

export function toKeyRow({ id, digest, expires_at, revoked_at }: KeyColumns): KeyRow {
  const expiresAtMs = expires_at === null ? null : Date.parse(expires_at)
  return { id, digest, expiresAtMs, ...(revoked_at !== null && { revoked: true }) }
}
