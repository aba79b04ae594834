import { idLength } from '../../tenants/keys/api-key.ts'

/** Slots of a bucket: with a tag and a row of four bytes each, a bucket is one line of the processor's cache. */
const slotsPerBucket = 8
const numbersPerBucket = 2 * slotsPerBucket

/** A 32-bit hash of the 16 characters of `text` from `at` on; another one for another seed. */
export type IdHash = (text: string, at: number, seed: number) => number

/**
 * The row of a key by its id. A look-up does the same work and touches as much memory whether the id is known or not, so that
 * its time reveals nothing; a `Map` is a microsecond slower for one of 300,000 ids that it has. Each id has two buckets and
 * is in the emptier one. Positions depend on ids alone, which are random and not secret.
 */
export class KeyIndex {
  /** A power of two. */
  readonly buckets: number
  readonly seed: number
  readonly #slots: Int32Array
  readonly #hash: IdHash

  constructor(buckets: number, seed: number, hash: IdHash = hashOfId) {
    this.buckets = buckets
    this.seed = seed
    this.#slots = new Int32Array(buckets * numbersPerBucket)
    this.#hash = hash
  }

  /** Adds an id that it does not hold. False when both buckets are full: a larger index with another seed has room. */
  place(id: string, row: number): boolean {
    const tag = this.#tag(id, 0)
    const [first, second] = this.#bucketsOf(this.#hash(id, 0, this.seed), tag)
    const [one, other] = [this.#free(first, tag), this.#free(second, tag)]
    if (one === null || other === null) return false
    const emptier = one.free < other.free ? other : one
    if (emptier.free === 0) return false
    this.#slots[emptier.at] = tag
    this.#slots[emptier.at + 1] = row
    return true
  }

  /** Removes the id of this row. */
  displace(id: string, row: number): void {
    const tag = this.#tag(id, 0)
    for (const bucket of this.#bucketsOf(this.#hash(id, 0, this.seed), tag))
      for (let at = bucket; at < bucket + numbersPerBucket; at += 2)
        if (this.#slots[at] === tag && this.#slots[at + 1] === row) this.#slots.fill(0, at, at + 2)
  }

  /**
   * The only row of `rows` that can have the id in `text` from `at` on: compare it. For an unknown id it is any row, always the
   * same one for the same id.
   */
  candidate(text: string, at: number, rows: number): number {
    const hash = this.#hash(text, at, this.seed)
    const tag = this.#tag(text, at)
    const [first, second] = this.#bucketsOf(hash, tag)
    const decoy = ((hash ^ tag) >>> 0) % rows
    return this.#select(second, tag, this.#select(first, tag, decoy))
  }

  /** The row beside `tag` in a bucket, or `otherwise`: by arithmetic, since a taken branch would take longer. */
  #select(bucket: number, tag: number, otherwise: number): number {
    const slots = this.#slots
    let row = otherwise
    for (let at = bucket; at < bucket + numbersPerBucket; at += 2) {
      const difference = (slots[at] as number) ^ tag
      const isOther = (difference | -difference) >> 31
      row = (row & isOther) | ((slots[at + 1] as number) & ~isOther)
    }
    return row
  }

  /** How many slots of a bucket are free, and the first of them; null when the tag is there, as it must be unique. */
  #free(bucket: number, tag: number): { free: number; at: number } | null {
    let [free, first] = [0, 0]
    for (let at = bucket + numbersPerBucket - 2; at >= bucket; at -= 2) {
      if (this.#slots[at] === tag) return null
      if (this.#slots[at] !== 0) continue
      free++
      first = at
    }
    return { free, at: first }
  }

  /** Never 0, which marks a free slot. */
  #tag(text: string, at: number): number {
    return this.#hash(text, at, ~this.seed) | 1
  }

  /** Where the two buckets of an id begin. */
  #bucketsOf(hash: number, tag: number): readonly [number, number] {
    const mask = this.buckets - 1
    return [(hash & mask) * numbersPerBucket, ((hash ^ Math.imul(tag, 0x5bd1e995)) & mask) * numbersPerBucket]
  }
}

function hashOfId(text: string, at: number, seed: number): number {
  let hash = Math.imul(seed, 0x9e3779b1)
  for (let place = at; place < at + idLength; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193)
    hash = (hash << 13) | (hash >>> 19)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
