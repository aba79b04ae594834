import type { AdminKeyRows, AdminRole } from '../tenants/keys/admin-key-rows.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { type AuthenticationAttempt, failAttempt, keyRejection } from './authentication-failure.ts'
import { KeyRing, type KnownKey } from './key-ring.ts'

export type AdminCaller = { readonly keyId: string; readonly role: AdminRole }

/** All admin keys, and the last revoked ones, in memory: authentication needs no I/O. */
export class AdminKeyDirectory {
  readonly #keys: KeyRing<KnownKey & { readonly role: AdminRole }>
  #version = -1

  constructor(pepper: Pepper) {
    this.#keys = new KeyRing(pepper, 'cga')
  }

  get version(): number {
    return this.#version
  }

  load({ version, keys }: AdminKeyRows): void {
    this.#keys.clear()
    for (const { id, role, expiresAtMs, digest, revoked = false } of keys)
      this.#keys.add({ id, role, expiresAtMs, revoked }, digest)
    this.#version = version
  }

  /** The administrator behind a key at `now` (milliseconds since 1970), or null. Wrong keys cost the same, as with tenants' keys. */
  authenticate(key: string, now: number, attempt?: AuthenticationAttempt): AdminCaller | null {
    const known = this.#keys.find(key, attempt)
    if (known === null) return null
    const reason = keyRejection(known, now)
    if (reason !== null) return failAttempt(attempt, { reason, adminKeyId: known.id })
    return { keyId: known.id, role: known.role }
  }
}
