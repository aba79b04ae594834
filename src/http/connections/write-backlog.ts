import { type NodeSocket, takenBytes } from '../node-socket.ts'
import type { Slot } from './connection-quota.ts'

/** What was written to a connection and waits for its reader. */
export class WriteBacklog {
  readonly #socket: NodeSocket
  readonly #slot: Slot
  /** What the operating system had taken when it last took something. */
  #progress: { readonly taken: number; readonly atMs: number } | null = null
  /** How many bytes there were when last counted. */
  length = 0

  constructor(socket: NodeSocket, slot: Slot) {
    this.#socket = socket
    this.#slot = slot
  }

  /** Counts the bytes. True when there are more or fewer than before. */
  count(): boolean {
    const bytes = this.#socket.writableLength
    if (bytes === this.length) return false
    this.length = bytes
    this.#slot.hasBacklog = bytes > 0
    return true
  }

  /** Whether the operating system has taken nothing for this long. To be asked about every second, by a monotonic clock. */
  isStalled(nowMs: number, stallMs: number): boolean {
    const isWaiting = this.#socket.writableLength > 0
    this.#slot.hasBacklog = isWaiting
    if (!isWaiting) {
      this.#progress = null
      return false
    }
    const taken = takenBytes(this.#socket)
    if (this.#progress?.taken !== taken) this.#progress = { taken, atMs: nowMs }
    return nowMs - this.#progress.atMs >= stallMs
  }
}
