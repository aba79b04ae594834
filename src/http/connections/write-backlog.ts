import { type NodeSocket, takenBytes } from '../node-socket.ts'
import type { Slot } from './connection-quota.ts'

/** Bytes written to a connection that wait for its reader. */
export class WriteBacklog {
  readonly #socket: NodeSocket
  readonly #slot: Slot
  #progress: { readonly taken: number; readonly atMs: number } | null = null
  length = 0

  constructor(socket: NodeSocket, slot: Slot) {
    this.#socket = socket
    this.#slot = slot
  }

  /** Counts the bytes. True when their number has changed. */
  count(): boolean {
    const bytes = this.#socket.writableLength
    if (bytes === this.length) return false
    this.length = bytes
    this.#slot.hasBacklog = bytes > 0
    return true
  }

  /** Whether the operating system has taken nothing for this long. Call it about every second, with a monotonic clock. */
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
