import { type NodeSocket, stopReading } from '../node-socket.ts'

/** What came too early on a connection. While there is any, nothing more is read: also when its stream asks for bytes. */
export class HeldBytes {
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

  /** Holds bytes behind those that are held. */
  add(bytes: Buffer): void {
    this.#bytes = this.#bytes === null ? bytes : Buffer.concat([this.#bytes, bytes])
    stopReading(this.#socket)
  }

  /** All of them, which are held no longer. To read on is another step: some may be held again. */
  take(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes
  }

  /** Reads on, unless some are held. */
  readOn(): void {
    if (this.#bytes === null) this.#read.call(this.#socket, 0)
  }
}
