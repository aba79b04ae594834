import { timingSafeEqual } from 'node:crypto'

/** HMAC-SHA256, as raw bytes. */
const digestBytes = 32
/** SHA-256 in hex: comparing the hex is several times as fast as asking for the bytes. */
const provenBytes = 64
const rowBytes = digestBytes + provenBytes
const rowsPerBlock = 4096
const unproven = Buffer.alloc(provenBytes)

/**
 * The digests of all keys in a few large blocks. An object and a buffer for each of 300,000 keys would take several times
 * as much memory. A key is known by the number of its row.
 */
export class KeyDigests {
  readonly #blocks: Buffer[] = []
  readonly #free: number[] = []
  #rows = 0

  /** Takes in the digest of a secret; returns its row. */
  add(digest: Uint8Array): number {
    const row = this.#free.pop() ?? this.#grow()
    this.#bytes(row, 0, digestBytes).set(digest)
    this.prove(row, unproven)
    return row
  }

  /** Gives a row up: another digest may take it. */
  remove(row: number): void {
    this.#free.push(row)
  }

  /** Whether this is the secret's digest, in a time that does not tell how much of it is right. */
  isDigest(row: number, digest: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, 0, digestBytes), digest)
  }

  /** Whether a key with this plain hash, as the bytes of its hex, has been found genuine before. */
  isProven(row: number, hash: Buffer): boolean {
    return timingSafeEqual(this.#bytes(row, digestBytes, rowBytes), hash)
  }

  /** Keeps the plain hash of the key that was found genuine. */
  prove(row: number, hash: Buffer): void {
    this.#bytes(row, digestBytes, rowBytes).set(hash)
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
