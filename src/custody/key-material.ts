import { createHmac, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { domainError } from '../contract/error-table.ts'
import { KeySearch } from './leak-scan/key-search.ts'
import { writtenForm } from './secrets/written-form.ts'

/**
 * One upstream key. The only place that holds its bytes: they leave as the argument of a callback, are zeroed by
 * `discard`, and whatever prints or serialises this shows the fingerprint.
 */
export class KeyMaterial {
  /** Tells keys apart and reveals nothing of them: 16 hex digits of a keyed digest. */
  readonly fingerprint: string
  readonly #bytes: Buffer
  #holders = 0
  #discarded = false
  #search: KeySearch | null = null

  /** Takes `bytes` over, and zeroes them in time. Throws `secret_unavailable` when they cannot be the value of a header. */
  constructor(bytes: Buffer, fingerprintKey: KeyObject) {
    const reason = unusableReason(bytes)
    if (reason !== null) {
      bytes.fill(0)
      throw domainError('secret_unavailable', reason)
    }
    this.fingerprint = fingerprintOf(bytes, fingerprintKey)
    this.#bytes = bytes
  }

  /** Calls back with the key, which must go to the upstream and nowhere else. */
  use<T>(callback: (secret: string) => T): T {
    return callback(this.#bytes.toString('latin1'))
  }

  /** A search for all of these keys at once. It holds key material: erase it when one of them is discarded. */
  static searchFor(materials: readonly KeyMaterial[]): KeySearch {
    return new KeySearch(materials.map(material => material.#bytes))
  }

  /** The search for this key alone, erased with it. */
  get search(): KeySearch {
    this.#search ??= KeyMaterial.searchFor([this])
    return this.#search
  }

  /** Whether it was discarded and is not zeroed yet, as calls use it. */
  get isRetiring(): boolean {
    return this.#discarded && this.#holders > 0
  }

  /** Keeps the key from being zeroed until it is released: a call needs it once its intent is durable. */
  retain(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    if (this.#discarded) this.discard()
  }

  /** Zeroes the key as soon as no call uses it. */
  discard(): void {
    this.#discarded = true
    if (this.#holders > 0) return
    this.#bytes.fill(0)
    this.#search?.erase()
    this.#search = null
  }

  toJSON(): string {
    return `key ${this.fingerprint}`
  }

  [inspect.custom](): string {
    return `KeyMaterial ${this.fingerprint}`
  }
}

/** The fingerprint of a key, under a key of the store. */
export function fingerprintOf(bytes: Buffer, fingerprintKey: KeyObject): string {
  return createHmac('sha256', fingerprintKey).update(bytes).digest('hex').slice(0, 16)
}

/** Far more than a key has: the leak scan keeps all its forms. */
const longestKey = 4096

function unusableReason(bytes: Buffer): string | null {
  if (bytes.length > longestKey) return `the key is longer than ${longestKey} characters`
  const form = writtenForm(bytes)
  if (form !== null) return `the key ${form}`
  const isPrintable = bytes.length > 0 && bytes.every(byte => byte >= 0x21 && byte <= 0x7e)
  return isPrintable ? null : 'the key holds characters that cannot be in a key'
}
