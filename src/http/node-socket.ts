import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** A socket with members of Node's HTTP server that its types omit (from the source of Node 24). */
export type NodeSocket = Socket & {
  readonly server: Server
  readonly parser: { onIncoming: TakeRequest } | null
  /** Node's HTTP server has paused reading and takes no bytes. */
  readonly _paused: boolean
  readonly _httpMessage: (ServerResponse & Answer) | null
  readonly _handle: Handle | null
}

/** An encrypted socket, with the one that carries it. */
export type EncryptedSocket = TLSSocket & { readonly _parent?: Socket }

type Answer = {
  readonly req: IncomingMessage
  /** The connection closes after it. */
  _last: boolean
  _expect_continue: boolean
}

type Handle = {
  reading: boolean
  readStop(): void
  /** Bytes handed over, and those that the operating system has not taken. */
  readonly bytesWritten: number
  readonly writeQueueSize: number
  /** For TLS, the handle below. */
  readonly _parent?: Pick<Handle, 'bytesWritten' | 'writeQueueSize'>
}

/** What Node's parser calls for each head. */
export type TakeRequest = (request: IncomingMessage, keepAlive: boolean) => number

/** Stops reading at once; `pause()` would allow further reads. */
export function stopReading({ _handle: handle }: NodeSocket): void {
  if (!handle?.reading) return
  handle.reading = false
  handle.readStop()
}

/** How many of the written bytes the operating system has taken. */
export function takenBytes({ _handle: handle }: NodeSocket): number {
  if (handle === null) return 0
  const { bytesWritten, writeQueueSize } = handle._parent ?? handle
  return bytesWritten - writeQueueSize
}

/** Ends a connection at once; plain TCP also drops what the operating system holds. */
export function endNow(socket: NodeSocket): void {
  if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Replaces Node's own listener, which is the last one, and returns it. */
export function takeOver(socket: Socket, event: string, listener: (bytes: Buffer) => void): unknown {
  const own = socket.listeners(event).at(-1) as () => void
  // Ours first: then Node hands over the bytes that its parser would read by itself.
  socket.on(event, listener)
  socket.removeListener(event, own)
  return own
}
