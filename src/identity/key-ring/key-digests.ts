import { timingSafeEqual } from 'node:crypto'
import { idLength } from '../../tenants/keys/api-key.ts'

/** Of HMAC-SHA256, and of SHA-256. */
export const digestBytes = 32
const digestAt = idLength
const provenAt = digestAt + digestBytes
const rowBytes = provenAt + digestBytes
const rowsPerBlock = 4096

/**
 * The ids and digests of all keys in a few large blocks. Objects and buffers for each of 300,000 keys would take several
 * times as much memory. A key is known by the number of its row.
 */
export class KeyDigests {
  readonly #blocks: Buffer[] = []
  readonly #free: number[] = []
  #rows = 0

  /** How many rows there are, those given up too. */
  get rows(): number {
    return this.#rows
  }

  /** Takes in a key's id and the digest of its secret; returns its row. */
  add(id: string, digest: Uint8Array): number {
    const row = this.#free.pop() ?? this.#grow()
    this.#bytes(row, 0, digestAt).write(id, 'latin1')
    this.#bytes(row, digestAt, provenAt).set(digest)
    return row
  }

  /** Gives a row up: nothing is kept of it, and another key may take it. */
  remove(row: number): void {
    this.#bytes(row, 0, rowBytes).fill(0)
    this.#free.push(row)
  }

  /** Whether the id of this row stands in `text` from `at` on, in a time that does not tell how much of it does. */
  isId(row: number, text: string, at: number): boolean {
    const block = this.#blocks[Math.floor(row / rowsPerBlock)] as Buffer
    const start = (row % rowsPerBlock) * rowBytes
    let difference = 0
    for (let place = 0; place < idLength; place++)
      difference |= (block[start + place] as number) ^ text.charCodeAt(at + place)
    return difference === 0
  }

  /** Whether this is the secret's digest, in a time that does not tell how much of it is right. */
  isDigest(row: number, digest: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, digestAt, provenAt), digest)
  }

  /** Whether a key with this plain hash has been found genuine before. */
  isProven(row: number, hash: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, provenAt, rowBytes), hash)
  }

  /** Keeps the plain hash of the key that was found genuine. */
  prove(row: number, hash: Buffer): void {
    this.#bytes(row, provenAt, rowBytes).set(hash)
  }

  #grow(): number {
    if (this.#rows % rowsPerBlock === 0) this.#blocks.push(Buffer.alloc(rowsPerBlock * rowBytes))
    return this.#rows++
  }

  #bytes(row: number, from: number, to: number): Buffer {
    const start = (row % rowsPerBlock) * rowBytes
    const block = this.#blocks[Math.floor(row / rowsPerBlock)] as Buffer
    return block.subarray(start + from, start + to)
  }
}
