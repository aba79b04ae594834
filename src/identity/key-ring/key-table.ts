import { KeyDigests } from './key-digests.ts'
import { KeyIndex } from './key-index.ts'

const fewestBuckets = 64

/** All keys: their digests, and what is known of each. An unknown key is compared as if it were known. */
export class KeyTable<Known extends { readonly id: string }> {
  readonly #digests = new KeyDigests()
  readonly #known: (Known | null)[] = []
  #index = new KeyIndex(fewestBuckets, 0)

  constructor() {
    // A row to compare with when there is no key. No id leads to it, and no secret has this digest.
    this.#known[this.#digests.add('', new Uint8Array(32))] = null
  }

  /** Adds a key with the digest of its secret; replaces one of the same id. */
  add(known: Known, digest: Uint8Array): void {
    this.remove(known.id)
    const row = this.#digests.add(known.id, digest)
    this.#known[row] = known
    if (!this.#index.place(known.id, row)) this.#index = this.#reindexed()
  }

  /** Forgets the key of this id, if there is one. */
  remove(id: string): void {
    const row = this.#index.candidate(id, 0, this.#digests.rows)
    if (this.#known[row]?.id !== id) return
    this.#index.displace(id, row)
    this.#digests.remove(row)
    this.#known[row] = null
  }

  /** The row to compare with the id in `text` from `at` on: its own, or any for an unknown id. */
  candidate(text: string, at: number): number {
    return this.#index.candidate(text, at, this.#digests.rows)
  }

  /** What is known of the key in this row; null where there is none. */
  knownIn(row: number): Known | null {
    return this.#known[row] ?? null
  }

  /** Whether the row has the id in `text` from `at` on and this digest. Compares all of both, whatever differs. */
  isGenuine(row: number, text: string, at: number, digest: Buffer): boolean {
    const isId = this.#digests.isId(row, text, at)
    // The digest first: for a wrong secret the id then makes no difference.
    return this.#digests.isDigest(row, digest) && isId
  }

  /** Whether a key with this plain hash was verified before, in this row. */
  isProven(row: number, hash: Buffer): boolean {
    return this.#digests.isProven(row, hash)
  }

  /** Keeps the plain hash of a verified key. */
  prove(row: number, hash: Buffer): void {
    this.#digests.prove(row, hash)
  }

  #reindexed(): KeyIndex {
    for (let { buckets, seed } = this.#index; ; ) {
      buckets *= 2
      seed++
      const larger = new KeyIndex(buckets, seed)
      if (this.#known.every((known, row) => known === null || larger.place(known.id, row))) return larger
    }
  }
}
