import { type KeyPrefix, type Pepper, parseApiKey, secretDigester } from '../tenants/keys/api-key.ts'
import type { KeyRow } from '../tenants/keys/key-row.ts'
import type { KeyedDigest } from '../tenants/keys/keyed-digest.ts'
import { type AuthenticationAttempt, failAttempt } from './authentication-failure.ts'

/** What is known of a key, besides its digest. */
export type KnownKey = Required<Omit<KeyRow, 'digest'>>

/**
 * All keys of one kind by the keyed digests of their secrets. Without the pepper nobody can choose or predict what is looked up, so
 * known ids, unknown ids and secrets that are almost right take the same path, and the time of a look-up reveals nothing.
 */
export class KeyRing<Known extends KnownKey> {
  readonly #digest: KeyedDigest
  readonly #prefix: KeyPrefix
  /** A digest as text, one character for each byte: it takes less memory than an object for each. */
  readonly #keys = new Map<string, Known>()

  constructor(pepper: Pepper, prefix: KeyPrefix) {
    this.#digest = secretDigester(pepper)
    this.#prefix = prefix
  }

  /** The key of this text, whatever its state; null for one that was never issued, or is forgotten. */
  find(text: string, attempt: AuthenticationAttempt | undefined): Known | null {
    const parsed = parseApiKey(text, this.#prefix)
    if (parsed === null) return failAttempt(attempt, { reason: 'malformed' })
    const known = this.#keys.get(this.#digest(parsed.secret))
    // The id is compared only for a genuine secret: the time of the comparison reveals nothing.
    if (known === undefined || known.id !== parsed.id) return failAttempt(attempt, { reason: 'unknown' })
    return known
  }

  /** Adds a key; returns the handle by which `remove` forgets it. */
  add(known: Known, digest: Uint8Array): string {
    const handle = Buffer.from(digest).toString('latin1')
    this.#keys.set(handle, known)
    return handle
  }

  remove(handle: string): void {
    this.#keys.delete(handle)
  }

  clear(): void {
    this.#keys.clear()
  }
}
