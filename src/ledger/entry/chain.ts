import { hash } from 'node:crypto'
import { assignSequence, type PendingEntry } from './pending-entry.ts'
import { type Signer, signEntry } from './signature.ts'

/** `prev` of a chain's first entry. */
export const genesis = '0'.repeat(64)

/** An entry ready to be stored: its canonical text, exactly as hashed, and its hash. */
export type HashedEntry = { readonly text: string; readonly hash: string }

/** The end of a chain: the last entry's number and hash. */
export type Head = { readonly writer: string; readonly seq: number; readonly hash: string }

/** SHA-256, in hex, over the previous entry's hash (its 64 hex characters) followed by the entry's canonical text. */
export function chainHash(prev: string, text: string): string {
  return hash('sha256', prev + text, 'hex')
}

/** One writer's chain in memory. Numbers become final with `advance`, so a failed transaction leaves no gap. */
export class Chain {
  #head: Head
  #tip: Head
  readonly #signer: Signer | undefined

  constructor(head: Head, signer?: Signer) {
    this.#head = head
    this.#tip = head
    this.#signer = signer
  }

  /** Starts a new chain for a new writer. */
  static start(writer: string, signer?: Signer): Chain {
    return new Chain({ writer, seq: 0, hash: genesis }, signer)
  }

  /** The last committed entry. */
  get head(): Head {
    return this.#head
  }

  /** The last entry, committed or not. */
  get tip(): Head {
    return this.#tip
  }

  append(entry: PendingEntry): HashedEntry {
    const { writer, seq, hash: prev } = this.#tip
    const numbered = assignSequence(entry, prev, seq + 1, writer)
    const text = entry.signed && this.#signer ? signEntry(numbered, this.#signer) : numbered
    const hashed = { text, hash: chainHash(prev, text) }
    this.#tip = { writer, seq: seq + 1, hash: hashed.hash }
    return hashed
  }

  /** All entries appended so far are stored, up to `head` if the store says otherwise. */
  advance(head = this.#tip): void {
    this.#head = head
    this.#tip = head
  }

  /** None of the entries appended since the last `advance` was stored. */
  rewind(): void {
    this.#tip = this.#head
  }
}
