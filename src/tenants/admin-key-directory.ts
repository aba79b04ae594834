import type { AdminKeyRows, AdminRole } from './admin-key-rows.ts'
import { idStart, type Pepper, parseApiKey, secretDigester } from './api-key.ts'
import { KeyTable } from './key-table.ts'
import type { KeyedDigest } from './keyed-digest.ts'

/** Who sent a request to the admin listener. */
export type AdminCaller = { readonly keyId: string; readonly role: AdminRole }

type KnownKey = { readonly id: string; readonly role: AdminRole; readonly expiresAtMs: number | null }

/** Every usable admin key, in memory: admitting a request does no I/O. */
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
    for (const { id, role, expiresAtMs, digest } of keys) this.#keys.add({ id, role, expiresAtMs }, digest)
    this.#version = version
  }

  /**
   * The administrator behind a key, at the time `now` (milliseconds since 1970), or null: malformed, unknown, expired
   * and revoked are not told apart. A wrong secret costs the same whether the key is known or not.
   */
  authenticate(key: string, now: number): AdminCaller | null {
    const parsed = parseApiKey(key, 'cga')
    if (parsed === null) return null
    const row = this.#keys.candidate(key, idStart)
    const genuine = this.#keys.isGenuine(row, key, idStart, this.#digest(parsed.secret))
    const known = genuine ? this.#keys.knownIn(row) : null
    const live = known !== null && (known.expiresAtMs === null || now < known.expiresAtMs)
    return live ? { keyId: known.id, role: known.role } : null
  }
}
