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
  /** Tells keys apart and nothing of them: 16 hex digits of a keyed digest. */
  readonly fingerprint: string
  readonly #bytes: Buffer
  #holders = 0
  #discarded = false
  #search: KeySearch | null = null

  /** Takes `bytes` over: they are zeroed with the rest. Throws SecretUnavailable when they cannot be a header's value. */
  constructor(bytes: Buffer, fingerprintKey: KeyObject) {
    const fault = keyFault(bytes)
    if (fault !== null) {
      bytes.fill(0)
      throw domainError('secret_unavailable', fault)
    }
    this.fingerprint = fingerprintOf(bytes, fingerprintKey)
    this.#bytes = bytes
  }

  /** Calls back with the key. What the callback makes of it must go to the upstream and nowhere else. */
  use<T>(callback: (secret: string) => T): T {
    return callback(this.#bytes.toString('latin1'))
  }

  /** A search for all of these keys at once. It is key material: erase it when one of them is discarded. */
  static searchFor(materials: readonly KeyMaterial[]): KeySearch {
    return new KeySearch(materials.map(material => material.#bytes))
  }

  /** The search for this key alone, erased with it. */
  get search(): KeySearch {
    this.#search ??= KeyMaterial.searchFor([this])
    return this.#search
  }

  /** Discarded, and not zeroed yet, as calls are under way with it. */
  get isLeaving(): boolean {
    return this.#discarded && this.#holders > 0
  }

  /** Keeps the key from being zeroed until the same number of releases: a call needs it when its intent is durable. */
  retain(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    if (this.#discarded) this.discard()
  }

  /** Zeroes the key, as soon as nobody holds it: nothing can be done with it any more. */
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

/** Far more than a key has, as all its forms are kept. */
const longestKey = 4096

function keyFault(bytes: Buffer): string | null {
  if (bytes.length > longestKey) return `the key is longer than ${longestKey} characters`
  const form = writtenForm(bytes)
  if (form !== null) return `the key ${form}`
  const isPrintable = bytes.length > 0 && bytes.every(byte => byte >= 0x21 && byte <= 0x7e)
  return isPrintable ? null : 'the key holds characters that cannot be in a key'
}
