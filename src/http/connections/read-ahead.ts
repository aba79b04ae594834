import { type NodeSocket, stopReading } from '../node-socket.ts'

/** Bytes that a connection sent ahead of their turn. While there are any, nothing more is read. */
export class ReadAhead {
  readonly #socket: NodeSocket
  readonly #read: (size: number) => void
  #bytes: Buffer | null = null

  constructor(socket: NodeSocket) {
    this.#socket = socket
    this.#read = socket._read
    socket._read = size => {
      if (this.#bytes === null) this.#read.call(socket, size)
    }
  }

  get any(): boolean {
    return this.#bytes !== null
  }

  get length(): number {
    return this.#bytes?.length ?? 0
  }

  /** Appends bytes, and pauses reading. */
  add(bytes: Buffer): void {
    this.#bytes = this.#bytes === null ? bytes : Buffer.concat([this.#bytes, bytes])
    stopReading(this.#socket)
  }

  /** Removes all bytes. Reading goes on by `readOn` only: some may be added again first. */
  take(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes
  }

  readOn(): void {
    if (this.#bytes === null) this.#read.call(this.#socket, 0)
  }
}
