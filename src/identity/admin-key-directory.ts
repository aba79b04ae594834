import type { AdminKeyRows, AdminRole } from '../tenants/keys/admin-key-rows.ts'
import { idStart, type Pepper, parseApiKey, secretDigester } from '../tenants/keys/api-key.ts'
import type { KeyedDigest } from '../tenants/keys/keyed-digest.ts'
import { type AuthenticationAttempt, failAttempt, type RejectionReason } from './authentication-failure.ts'
import { KeyTable } from './key-ring/key-table.ts'

/** Who sent a request to the admin listener. */
export type AdminCaller = { readonly keyId: string; readonly role: AdminRole }

type KnownKey = {
  readonly id: string
  readonly role: AdminRole
  readonly expiresAtMs: number | null
  readonly revoked: boolean
}

/** Every admin key that is not revoked, and those that were revoked last, in memory: nothing here does any I/O. */
export class AdminKeyDirectory {
  readonly #digest: KeyedDigest
  #keys = new KeyTable<KnownKey>()
  #version = -1

  constructor(pepper: Pepper) {
    this.#digest = secretDigester(pepper)
  }

  /** The version of the rows that are known. */
  get version(): number {
    return this.#version
  }

  /** Takes the place of all that was known before. */
  load({ version, keys }: AdminKeyRows): void {
    this.#keys = new KeyTable()
    for (const { id, role, expiresAtMs, digest, revoked = false } of keys)
      this.#keys.add({ id, role, expiresAtMs, revoked }, digest)
    this.#version = version
  }

  /**
   * The administrator behind a key, at the time `now` (milliseconds since 1970), or null: the reason goes to the applicant alone.
   * A wrong secret costs the same whether the key is known or not.
   */
  authenticate(key: string, now: number, applicant?: AuthenticationAttempt): AdminCaller | null {
    const parsed = parseApiKey(key, 'cga')
    if (parsed === null) return failAttempt(applicant, { reason: 'malformed' })
    const row = this.#keys.candidate(key, idStart)
    const genuine = this.#keys.isGenuine(row, key, idStart, this.#digest(parsed.secret))
    const known = genuine ? this.#keys.knownIn(row) : null
    if (known === null) return failAttempt(applicant, { reason: 'unknown' })
    const reason = refusalOf(known, now)
    if (reason !== null) return failAttempt(applicant, { reason, adminKeyId: known.id })
    return { keyId: known.id, role: known.role }
  }
}

/** Why a genuine key does not admit its bearer; null for one that does. */
function refusalOf({ revoked, expiresAtMs }: KnownKey, now: number): RejectionReason | null {
  if (revoked) return 'revoked'
  return expiresAtMs !== null && now >= expiresAtMs ? 'expired' : null
}
