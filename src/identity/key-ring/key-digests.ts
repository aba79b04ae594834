import { timingSafeEqual } from 'node:crypto'
import { idLength } from '../../tenants/keys/api-key.ts'

/** Of HMAC-SHA256, and of SHA-256. */
export const digestBytes = 32
const digestAt = idLength
const provenAt = digestAt + digestBytes
const rowBytes = provenAt + digestBytes
const rowsPerBlock = 4096

/**
 * The ids and digests of all keys in a few large blocks: objects and buffers for 300,000 keys would take several times as
 * much memory. The number of its row identifies a key.
 */
export class KeyDigests {
  readonly #blocks: Buffer[] = []
  readonly #free: number[] = []
  #rows = 0

  /** How many rows there are, removed ones included. */
  get rows(): number {
    return this.#rows
  }

  /** Adds a key's id and the digest of its secret; returns its row. */
  add(id: string, digest: Uint8Array): number {
    const row = this.#free.pop() ?? this.#grow()
    this.#bytes(row, 0, digestAt).write(id, 'latin1')
    this.#bytes(row, digestAt, provenAt).set(digest)
    return row
  }

  /** Clears a row, which another key may take. */
  remove(row: number): void {
    this.#bytes(row, 0, rowBytes).fill(0)
    this.#free.push(row)
  }

  /** Whether `text` holds the id of this row from `at` on, in constant time. */
  isId(row: number, text: string, at: number): boolean {
    const block = this.#blocks[Math.floor(row / rowsPerBlock)] as Buffer
    const start = (row % rowsPerBlock) * rowBytes
    let difference = 0
    for (let place = 0; place < idLength; place++)
      difference |= (block[start + place] as number) ^ text.charCodeAt(at + place)
    return difference === 0
  }

  /** Whether this is the secret's digest, in constant time. */
  isDigest(row: number, digest: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, digestAt, provenAt), digest)
  }

  /** Whether a key with this plain hash was verified before. */
  isProven(row: number, hash: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, provenAt, rowBytes), hash)
  }

  /** Keeps the plain hash of a verified key. */
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
