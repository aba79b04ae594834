import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from '../logger.ts'

/**
 * Ends connections on which no TLS comes about: plain HTTP, an old version, silence. Without encryption there is nothing
 * that could carry an answer. Node would hand them to the handler for faulty HTTP, which would answer all the same.
 */
export function dropFailedHandshakes(server: Server, logger: Pick<Logger, 'info'>): void {
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    socket.destroy()
    logger.info({ code: error.code }, 'TLS handshake failed')
  })
}
