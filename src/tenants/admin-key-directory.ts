import { timingSafeEqual } from 'node:crypto'
import type { AdminKeyRow, AdminKeyRows, AdminRole } from './admin-key-rows.ts'
import { digestSecret, type Pepper, parseApiKey } from './api-key.ts'

/** Who sent a request to the admin listener. */
export type AdminCaller = { readonly keyId: string; readonly role: AdminRole }

/** Compared with when a key id is unknown, so that knowing an id and not knowing it take the same time. */
const nobody: AdminKeyRow = { id: '', role: 'viewer', digest: new Uint8Array(32), expiresAtMs: 0 }

/** Every usable admin key, in memory: admitting a request does no I/O. */
export class AdminKeyDirectory {
  readonly #pepper: Pepper
  #keys: ReadonlyMap<string, AdminKeyRow> = new Map()
  #version = -1

  constructor(pepper: Pepper) {
    this.#pepper = pepper
  }

  /** The version of the rows that are known. */
  get version(): number {
    return this.#version
  }

  /** Takes the place of all that was known before. */
  load({ version, keys }: AdminKeyRows): void {
    this.#keys = new Map(keys.map(key => [key.id, key]))
    this.#version = version
  }

  /**
   * The administrator behind a key, at the time `now` (milliseconds since 1970), or null: malformed, unknown, expired
   * and revoked are not told apart. A wrong secret costs the same whether the key is known or not.
   */
  authenticate(key: string, now: number): AdminCaller | null {
    const { id, secret } = parseApiKey(key, 'cga') ?? { id: '', secret: '' }
    const known = this.#keys.get(id) ?? nobody
    const genuine = timingSafeEqual(digestSecret(this.#pepper, secret), known.digest)
    const live = known.expiresAtMs === null || now < known.expiresAtMs
    return genuine && live ? { keyId: id, role: known.role } : null
  }
}
