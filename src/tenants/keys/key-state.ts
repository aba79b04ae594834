import type { Tables } from '../../store/tables.ts'

/** Whether a key is taken: only an active one is. */
export type KeyState = 'active' | 'expired' | 'revoked'

/** The state of a key, of a tenant's or an admin key, at `now`. One that was revoked is that, also when it has expired. */
export function keyStateOf(
  { revoked_at, expires_at }: Pick<Tables['api_key'], 'revoked_at' | 'expires_at'>,
  now: Date
): KeyState {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && expires_at <= now.toISOString() ? 'expired' : 'active'
}
