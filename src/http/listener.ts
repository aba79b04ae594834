import { lookup } from 'node:dns/promises'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { EncryptedSocket, NodeSocket } from './node-socket.ts'

/** One listening address, and how to end it. */
export type Listener = {
  /** Base URL, with the actual port. */
  readonly url: string
  /** Resolves when no request is under way. Still accepts new ones, to refuse them or answer health. */
  settle(): Promise<void>
  /** Stops accepting; resolves when every accepted call has been answered. */
  close(): Promise<void>
}

/** How long a drain waits for unfinished requests and unread answers. Node's own timeouts stop with the listener. */
const graceMs = 2000
const dropEveryMs = 50

/** Listens on one address. Resolves a name first: for two addresses Fastify would make a second server, without our handlers. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<Listener> {
  const sockets = new Set<Socket>()
  function track(socket: Socket): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  app.server.on('connection', track)
  app.server.on('secureConnection', (socket: EncryptedSocket) => {
    if (socket._parent) sockets.delete(socket._parent)
    track(socket)
  })
  const { address } = await lookup(host)
  const url = await app.listen({ host: address, port })
  return { url, ...endingOf(app, sockets) }
}

/** Both ways to wait for calls under way share a grace period, which begins with the first. */
function endingOf(app: FastifyInstance, sockets: ReadonlySet<Socket>): Pick<Listener, 'settle' | 'close'> {
  let graceEnds = 0
  function dropIdle(): void {
    app.server.closeIdleConnections()
    if (performance.now() < graceEnds) return
    for (const socket of sockets) if (!isAtWork(socket)) socket.destroy()
  }
  async function whileDropping(end: () => Promise<unknown>): Promise<void> {
    graceEnds ||= performance.now() + graceMs
    const dropping = setInterval(dropIdle, dropEveryMs)
    try {
      await end()
    } finally {
      clearInterval(dropping)
    }
  }
  async function settled(): Promise<void> {
    while ([...sockets].some(isUnderWay)) await setTimeout(dropEveryMs)
  }
  return { settle: () => whileDropping(settled), close: () => whileDropping(() => app.close()) }
}

function isUnderWay(socket: Socket): boolean {
  return (socket as NodeSocket)._httpMessage != null
}

/** Whether an answer to a complete request is still being made. */
function isAtWork(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as NodeSocket
  return answer?.req.complete === true && !answer.headersSent
}
