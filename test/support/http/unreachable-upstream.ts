import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { TestCertificate } from '../fixtures/certificate-authority.ts'

/** Something that listens where an upstream should; close it. */
export type Listening = { readonly port: number; close(): Promise<void> }

/** Does this with each connection. */
export function listenWith(accept: (socket: Socket) => void): Promise<Listening> {
  return listening(
    createServer(socket => {
      socket.on('error', () => {})
      accept(socket)
    })
  )
}

/** Speaks TLS with this certificate, and answers every request with `{"results":[]}`. */
export function listenWithTls(
  { certificate: cert, key }: TestCertificate,
  options: TlsOptions = {}
): Promise<Listening> {
  const server = createTlsServer({ cert, key, ...options }, socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(answer))
  })
  // What these tests are about; the client says the rest.
  server.on('tlsClientError', () => {})
  return listening(server)
}

const body = '{"results":[]}'
const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await listenWith(() => {})
  await close()
  return port
}
