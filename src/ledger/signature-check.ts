import type { ChainCheck } from './chain-check.ts'
import type { Fault } from './fault.ts'
import type { FoundEntry } from './found-entry.ts'
import { isSignedBy } from './signature.ts'

/** What a gateway signs, once it signs at all: what begins, confirms and ends chains. */
const signedKinds = new Set(['checkpoint', 'writer.closed', 'writer.recovered'])

/** Checks signatures, and that none is missing. */
export class SignatureCheck {
  readonly #publicKeys: ReadonlySet<string> | undefined
  /** Whether there was any signature, good or bad. */
  #seen = false
  /** Signatures that fit, and the time of the entry that has the latest of them. */
  count = 0
  until: string | null = null

  /** With `publicKeys`, nobody else's signature counts. */
  constructor(publicKeys: ReadonlySet<string> | undefined) {
    this.#publicKeys = publicKeys
  }

  /** What is wrong with the next entry of a chain, or null. */
  add({ signed, text, kind, seq }: FoundEntry, chain: ChainCheck): string | null {
    if (!signed) return chain.signs && signedKinds.has(kind) ? 'it has to be signed, and is not' : null
    this.#seen = true
    if (!isSignedBy(signed.signer, text, signed.signature)) return 'its signature does not fit'
    if (this.#publicKeys?.has(signed.signer) === false) return 'it is signed by another key'
    if (seq === 1) chain.signs = true
    this.count++
    this.until = /"at":"([^"]*)"/.exec(text)?.[1] ?? this.until
    return null
  }

  /** There are no more entries. Whoever gives a key expects that something is signed by it. */
  finish(): Fault | null {
    if (!this.#publicKeys || this.#seen) return null
    const detail = 'no entry is signed by the key that was given'
    return { kind: 'bad_signature', writer: null, seq: null, place: 'the end', detail }
  }
}
