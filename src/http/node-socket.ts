import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** A socket with what Node's HTTP server keeps on it. Its types leave that out; Node 24 is what it was read from. */
export type NodeSocket = Socket & {
  readonly server: Server
  readonly parser: { onIncoming: TakeRequest } | null
  /** Node stops reading for a while: it takes no bytes then. */
  readonly _paused: boolean
  /** The answer under way. */
  readonly _httpMessage: (ServerResponse & Answer) | null
  readonly _handle: Handle | null
}

/** An encrypted socket, with the one that carries it. */
export type EncryptedSocket = TLSSocket & { readonly _parent?: Socket }

type Answer = {
  readonly req: IncomingMessage
  /** The connection ends behind it. */
  _last: boolean
  /** The caller waits to be asked for the body. */
  _expect_continue: boolean
}

type Handle = {
  reading: boolean
  readStop(): void
  /** Bytes that were handed over, and those of them that the operating system has not taken. */
  readonly bytesWritten: number
  readonly writeQueueSize: number
  /** Of TLS, what carries it. */
  readonly _parent?: Pick<Handle, 'bytesWritten' | 'writeQueueSize'>
}

/** What Node's parser calls for each head. */
export type TakeRequest = (request: IncomingMessage, keepAlive: boolean) => number

/** Stops reading: no byte comes any more until somebody reads. A pause would let some more reads come. */
export function stopReading({ _handle: handle }: NodeSocket): void {
  if (!handle?.reading) return
  handle.reading = false
  handle.readStop()
}

/** How many bytes the operating system has taken, of all that were written. */
export function takenBytes({ _handle: handle }: NodeSocket): number {
  if (handle === null) return 0
  const { bytesWritten, writeQueueSize } = handle._parent ?? handle
  return bytesWritten - writeQueueSize
}

/** Ends a connection at once. What the operating system still holds for it is dropped too, where that can be done. */
export function endNow(socket: NodeSocket): void {
  if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Puts a listener in the place of Node's own, which is the last one, and returns that. */
export function takeOver(socket: Socket, event: string, listener: (bytes: Buffer) => void): unknown {
  const own = socket.listeners(event).at(-1) as () => void
  // First ours: Node then hands over the bytes, which its parser has read by itself until now.
  socket.on(event, listener)
  socket.removeListener(event, own)
  return own
}
