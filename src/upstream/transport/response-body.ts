import type { Capacity } from './capacity.ts'

const none = Buffer.alloc(0)
const firstCapacity = 1024

/**
 * The body of a response as it grows. Its chunks are copied into one buffer: a chunk kept as it comes holds all the memory
 * that it was read into, a hundred times its bytes when it is small. An announced length takes no memory before its bytes come.
 */
export class ResponseBody {
  readonly #memory: Capacity
  #buffer = none
  #length = 0

  /** `memory` is shared by all responses under way. */
  constructor(memory: Capacity) {
    this.#memory = memory
  }

  /** False, with nothing added, when there is no memory left for it. */
  append(chunk: Buffer): boolean {
    const length = this.#length + chunk.length
    if (length > this.#buffer.length && !this.#grow(length)) return false
    chunk.copy(this.#buffer, this.#length)
    this.#length = length
    return true
  }

  /** A view of what came so far, valid until `release`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  release(): void {
    this.#memory.release(this.#buffer.length)
    this.#buffer = none
    this.#length = 0
  }

  /** By doubling, so that all copies together cost twice the bytes. */
  #grow(length: number): boolean {
    let capacity = Math.max(firstCapacity, this.#buffer.length * 2)
    while (capacity < length) capacity *= 2
    if (!this.#memory.tryAcquire(capacity - this.#buffer.length)) return false
    const grown = Buffer.allocUnsafe(capacity)
    this.bytes().copy(grown)
    this.#buffer = grown
    return true
  }
}
