/** How many bytes the answers under way may take together. */
export class AnswerRoom {
  readonly #limit: number
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes room, or nothing and returns false. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit) return false
    this.#taken += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes
  }
}

const none = Buffer.alloc(0)
const firstCapacity = 1024

/**
 * The body of an answer as it grows. Its chunks are copied into one buffer: kept as they come, each would hold the
 * memory that it was read into, and cost a hundred times its bytes when it is small. What the answer announces
 * as its length takes no room before it comes.
 */
export class AnswerBody {
  readonly #room: AnswerRoom
  #buffer = none
  #length = 0

  constructor(room: AnswerRoom) {
    this.#room = room
  }

  /** False when there is no room for it; then nothing is added. */
  append(chunk: Buffer): boolean {
    const length = this.#length + chunk.length
    if (length > this.#buffer.length && !this.#grow(length)) return false
    chunk.copy(this.#buffer, this.#length)
    this.#length = length
    return true
  }

  /** What came so far: a view, valid until `release`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Forgets the bytes and gives their room back. */
  release(): void {
    this.#room.giveBack(this.#buffer.length)
    this.#buffer = none
    this.#length = 0
  }

  /** By doubling, so that all copies together cost twice the bytes. */
  #grow(length: number): boolean {
    let capacity = Math.max(firstCapacity, this.#buffer.length * 2)
    while (capacity < length) capacity *= 2
    if (!this.#room.take(capacity - this.#buffer.length)) return false
    const grown = Buffer.allocUnsafe(capacity)
    this.bytes().copy(grown)
    this.#buffer = grown
    return true
  }
}
