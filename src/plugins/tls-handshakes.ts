import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '../telemetry/logger.ts'

/** For a server of HTTPS: what becomes of a connection before its first request. */
export function watchHandshakes(server: Server, logger: Pick<Logger, 'info'>): void {
  // Plain HTTP, an old version, silence: without encryption there is nothing that could carry an answer. So it does
  // not go where Node sends it by itself: to the handler for faulty HTTP, which answers whatever can be written to.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    socket.destroy()
    logger.info({ code: error.code }, 'TLS handshake failed')
  })
  // A certificate by another authority with the name of ours leaves an error behind in OpenSSL, for which Node would
  // cut the connection: its caller may have a key all the same. To ask for the certificate clears that error.
  server.on('secureConnection', (socket: TLSSocket) => void socket.getPeerX509Certificate())
}
