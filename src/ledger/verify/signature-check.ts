import type { ParsedEntry } from '../entry/parse-entry.ts'
import { isSignedBy } from '../entry/signature.ts'
import { memberOf } from '../entry/terms.ts'
import { opensGateway } from '../entry/writer-opened.ts'
import { pruneKind } from '../retention/prune-point.ts'
import type { ChainCheck } from './chain-check.ts'
import type { Finding } from './finding.ts'

/** What a gateway that signs its opening signs besides: what confirms and ends a chain. */
const signedKinds = new Set(['checkpoint', 'writer.closed', 'writer.recovered'])

/** Checks signatures, and that none is missing. */
export class SignatureCheck {
  readonly #publicKeys: ReadonlySet<string> | undefined
  #seen = false
  /** How many good signatures there are, and the time of the latest. */
  count = 0
  until: string | null = null

  /** With `publicKeys`, no other key's signature is good. */
  constructor(publicKeys: ReadonlySet<string> | undefined) {
    this.#publicKeys = publicKeys
  }

  add(entry: ParsedEntry, chain: ChainCheck): string | null {
    const { signed, text, seq } = entry
    if (!signed) return this.#addUnsigned(entry, chain)
    this.#seen = true
    if (!isSignedBy(signed.signer, text, signed.signature)) return 'its signature does not fit'
    if (this.#publicKeys?.has(signed.signer) === false) return 'it is signed by another key'
    if (seq === 1) chain.signs = true
    this.count++
    this.until = memberOf(text, 'at') ?? this.until
    return null
  }

  /**
   * Without the key, an attacker could rebuild any chain as one that never signs, and cut off any beginning. So behind the
   * first signature only changes by commands may lack one, each in a chain of its own; and no prune ever may.
   */
  #addUnsigned({ kind, seq, text }: ParsedEntry, chain: ChainCheck): string | null {
    if (seq === 1 && this.#seen) chain.signs = false
    const mustBeSigned =
      kind === pruneKind ||
      (chain.signs === true && signedKinds.has(kind)) ||
      (chain.signs === false && (seq === 1 ? opensGateway(text) : !kind.startsWith('admin.')))
    return mustBeSigned ? 'it has to be signed, and is not' : null
  }

  /** There are no more entries. Whoever gives a key expects that something is signed by it. */
  finish(): Finding | null {
    if (!this.#publicKeys || this.#seen) return null
    const detail = 'no entry is signed by the key that was given'
    return { kind: 'bad_signature', writer: null, seq: null, place: 'the end', detail }
  }
}
