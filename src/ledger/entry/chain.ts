import { hash } from 'node:crypto'
import { assignSequence, type PendingEntry } from './pending-entry.ts'
import { type Signer, signEntry } from './signature.ts'

/** `prev` of a chain's first entry. */
export const genesis = '0'.repeat(64)

/** An entry ready to be stored: its canonical text, exactly as hashed, and its hash. Both are what the table holds. */
export type HashedEntry = { readonly text: string; readonly hash: string }

/** Where a chain stands: the last entry's number and hash. */
export type Head = { readonly writer: string; readonly seq: number; readonly hash: string }

/** SHA-256, in hex, over the previous entry's hash (its 64 hex characters) followed by the entry's canonical text. */
export function chainHash(prev: string, text: string): string {
  return hash('sha256', prev + text, 'hex')
}

/**
 * One writer's chain in memory. `seal` gives an entry its place; the place is taken only once the caller says
 * `advance`, after the transaction that stored the entries has committed: a failed transaction leaves no gap.
 */
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

  /** The last sealed entry, committed or not. */
  get tip(): Head {
    return this.#tip
  }

  append(draft: PendingEntry): HashedEntry {
    const { writer, seq, hash: prev } = this.#tip
    const placed = assignSequence(draft, prev, seq + 1, writer)
    const text = draft.signed && this.#signer ? signEntry(placed, this.#signer) : placed
    const sealed = { text, hash: chainHash(prev, text) }
    this.#tip = { writer, seq: seq + 1, hash: sealed.hash }
    return sealed
  }

  /** All sealed entries are stored. */
  advance(): void {
    this.#head = this.#tip
  }

  /** The chain turned out to stand elsewhere than its last `advance` said. */
  moveTo(head: Head): void {
    this.#head = head
    this.#tip = head
  }

  /** None of the entries sealed since the last `advance` was stored. */
  rewind(): void {
    this.#tip = this.#head
  }
}
