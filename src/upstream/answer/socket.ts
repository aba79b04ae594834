import type { Socket } from 'node:net'
import type { AnswerHeads } from './heads.ts'

/**
 * Calls back when the event loop has polled once more, so that what the kernel holds has been read. The first of the
 * two turns may be what is left of the present one.
 */
export function afterNextPoll(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

/**
 * Makes whoever reads from the socket get what `heads` admits, and ends it with what `heads` throws. undici takes a
 * socket's bytes by `read()` alone; a stream of our own between the two would cost each call several times as much.
 */
export function readThrough(socket: Socket, heads: AnswerHeads): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number) => {
    // Node's own: it asks for more to be read, not for bytes.
    if (size !== undefined) return read(size)
    for (;;) {
      const chunk: Buffer | null = read()
      if (chunk === null) return null
      try {
        const admitted = heads.admit(chunk)
        if (admitted) return admitted
      } catch (error) {
        socket.destroy(error as Error)
        return null
      }
    }
  }
}
