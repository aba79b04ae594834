import { createHmac, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import type { ForeignText } from './foreign-text.ts'
import { SecretUnavailable } from './secret-reference.ts'

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
  /** The key as it may be written by who repeats it. */
  readonly #forms: Forms

  /** Takes `bytes` over: they are zeroed with the rest. Throws SecretUnavailable when they cannot be a header's value. */
  constructor(bytes: Buffer, fingerprintKey: KeyObject) {
    if (!isKey(bytes)) {
      bytes.fill(0)
      throw new SecretUnavailable('the key holds characters that cannot be in a key')
    }
    this.fingerprint = fingerprintOf(bytes, fingerprintKey)
    this.#bytes = bytes
    this.#forms = formsOf(bytes)
  }

  /** Calls back with the key. What the callback makes of it must go to the upstream and nowhere else. */
  use<T>(callback: (secret: string) => T): T {
    return callback(this.#bytes.toString('latin1'))
  }

  /** Whether what came from outside holds the key: plain, escaped, base64, hex or reversed. */
  isIn({ asWritten, inLowerCase }: ForeignText): boolean {
    const { exact, lowerCase } = this.#forms
    return (
      asWritten.some(text => exact.some(form => text.includes(form))) ||
      inLowerCase.some(text => lowerCase.some(form => text.includes(form)))
    )
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
    for (const form of [...this.#forms.exact, ...this.#forms.lowerCase]) form.fill(0)
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

function isKey(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.every(byte => byte >= 0x21 && byte <= 0x7e)
}

/** Below this, a form would be found by chance in texts that have nothing to do with the key. */
const shortestForm = 8

/** What is searched for in a text as it is, and what in the text in lower case. */
type Forms = { readonly exact: readonly Buffer[]; readonly lowerCase: readonly Buffer[] }

function formsOf(bytes: Buffer): Forms {
  const lower = Buffer.from(bytes.map(byte => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)))
  const others = [Buffer.from(lower).reverse(), Buffer.from(bytes.toString('hex'), 'latin1')]
  const isLong = (form: Buffer) => form.length >= shortestForm
  return {
    exact: [0, 1, 2].flatMap(offset => base64Forms(bytes, offset)).filter(isLong),
    lowerCase: [lower, ...others.filter(isLong)]
  }
}

/** The base64 characters that stand for these bytes alone when `offset` other bytes come before them. */
function base64Forms(bytes: Buffer, offset: number): Buffer[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
  // A character holds six bits: those that are shared with what comes before or after can be anything.
  const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6)]
  const forms = (['base64', 'base64url'] as const).map(encoding =>
    Buffer.from(padded.toString(encoding).slice(from, to), 'latin1')
  )
  padded.fill(0)
  return forms
}
