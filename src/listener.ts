import { lookup } from 'node:dns/promises'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { EncryptedSocket, NodeSocket } from './http/node-socket.ts'

/** One listening address, and its end. */
export type Listener = {
  /** Base URL, with the port that it really has. */
  readonly url: string
  /** Stops accepting, and resolves when every call that was accepted has been answered. */
  close(): Promise<void>
}

/**
 * How long a drain waits for what is not a call at work: a request that is still being sent, an answer that is not
 * read. Node itself would wait without end, as its own timeouts stop with the listener.
 */
const graceMs = 2000

/**
 * Listens on one address. A name is resolved first: for a name with two addresses Fastify makes a second server, which
 * has none of our handlers for what never becomes a request.
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<Listener> {
  const sockets = new Set<Socket>()
  function track(socket: Socket): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  app.server.on('connection', track)
  app.server.on('secureConnection', (socket: EncryptedSocket) => {
    // Requests are at work on the encrypted socket: the one below it says nothing of them.
    if (socket._parent) sockets.delete(socket._parent)
    track(socket)
  })
  const { address } = await lookup(host)
  const url = await app.listen({ host: address, port })
  return { url, close: () => closeListener(app, sockets) }
}

async function closeListener(app: FastifyInstance, sockets: ReadonlySet<Socket>): Promise<void> {
  const graceEnds = performance.now() + graceMs
  const reaper = setInterval(() => {
    app.server.closeIdleConnections()
    if (performance.now() < graceEnds) return
    for (const socket of sockets) if (!isAtWork(socket)) socket.destroy()
  }, 50)
  try {
    await app.close()
  } finally {
    clearInterval(reaper)
  }
}

/** Whether a whole request came on this connection and its answer is still being made. */
function isAtWork(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as NodeSocket
  return answer?.req.complete === true && !answer.headersSent
}
