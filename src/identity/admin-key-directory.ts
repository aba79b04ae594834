import type { AdminKeyRows, AdminRole } from '../tenants/keys/admin-key-rows.ts'
import { idStart, type Pepper, parseApiKey, secretDigester } from '../tenants/keys/api-key.ts'
import type { KeyRow } from '../tenants/keys/key-row.ts'
import type { KeyedDigest } from '../tenants/keys/keyed-digest.ts'
import { type AuthenticationAttempt, failAttempt, keyRejection } from './authentication-failure.ts'
import { KeyTable } from './key-ring/key-table.ts'

export type AdminCaller = { readonly keyId: string; readonly role: AdminRole }

type KnownKey = Required<Omit<KeyRow, 'digest'>> & { readonly role: AdminRole }

/** All admin keys, and the last revoked ones, in memory: authentication needs no I/O. */
export class AdminKeyDirectory {
  readonly #digest: KeyedDigest
  #keys = new KeyTable<KnownKey>()
  #version = -1

  constructor(pepper: Pepper) {
    this.#digest = secretDigester(pepper)
  }

  get version(): number {
    return this.#version
  }

  load({ version, keys }: AdminKeyRows): void {
    this.#keys = new KeyTable()
    for (const { id, role, expiresAtMs, digest, revoked = false } of keys)
      this.#keys.add({ id, role, expiresAtMs, revoked }, digest)
    this.#version = version
  }

  /**
   * The administrator behind a key at `now` (milliseconds since 1970), or null. A wrong secret costs the same for known and
   * unknown keys.
   */
  authenticate(key: string, now: number, attempt?: AuthenticationAttempt): AdminCaller | null {
    const parsed = parseApiKey(key, 'cga')
    if (parsed === null) return failAttempt(attempt, { reason: 'malformed' })
    const row = this.#keys.candidate(key, idStart)
    const genuine = this.#keys.isGenuine(row, key, idStart, this.#digest(parsed.secret))
    const known = genuine ? this.#keys.knownIn(row) : null
    if (known === null) return failAttempt(attempt, { reason: 'unknown' })
    const reason = keyRejection(known, now)
    if (reason !== null) return failAttempt(attempt, { reason, adminKeyId: known.id })
    return { keyId: known.id, role: known.role }
  }
}
