import { type NodeSocket, takenBytes } from '../node-socket.ts'
import type { Place } from './connection-shares.ts'

/** What was written to a connection and waits for its reader. */
export class UnreadBytes {
  readonly #socket: NodeSocket
  readonly #place: Place
  #length = 0

  constructor(socket: NodeSocket, place: Place) {
    this.#socket = socket
    this.#place = place
  }

  /** How many there were when last counted. */
  get length(): number {
    return this.#length
  }

  /** Counts them. True when there are more or fewer than before. */
  count(): boolean {
    const bytes = this.#socket.writableLength
    if (bytes === this.#length) return false
    this.#length = bytes
    this.#place.stuck = bytes > 0
    return true
  }

  /** How many there are now, and how many bytes the operating system has taken so far. */
  waiting(): { bytes: number; taken: number } {
    const bytes = this.#socket.writableLength
    this.#place.stuck = bytes > 0
    return { bytes, taken: bytes === 0 ? 0 : takenBytes(this.#socket) }
  }
}
