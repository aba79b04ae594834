import type { Server } from 'node:tls'
import type { TlsMaterial } from '../config/tls-files.ts'

/** A server of HTTPS. Its context is Node's own matter: see `secure`. */
export type SecureServer = Pick<Server, 'setSecureContext'>

/**
 * Gives a server of HTTPS its certificate, for new connections. What prints the server does not print the key. A file of
 * authorities that ends below its root is trusted as far as it goes: Node has an option for that, and `setSecureContext`
 * leaves it out, so it is set on what that has made.
 */
export function secure(server: SecureServer, tls: TlsMaterial): void {
  Object.defineProperty(server, 'key', { writable: true, enumerable: false })
  server.setSecureContext(tls.context())
  if (tls.asksForCertificates) (server as NodeTlsServer)._sharedCreds.context.setAllowPartialTrustChain()
}

/** The members of Node's server that its types do not know. */
type NodeTlsServer = SecureServer & {
  readonly _sharedCreds: { readonly context: { setAllowPartialTrustChain(): void } }
}

/** For Fastify: what Node's own server is made with, HTTP or, with a certificate, HTTPS. */
export function nodeOptions(tls: TlsMaterial | undefined) {
  const http = {
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 8 * 1024,
    // The guard asks for the Host header: Node's own refusal would not be our envelope.
    requireHostHeader: false
  }
  if (tls === undefined) return { http }
  // A certificate is asked for, and judged where callers are: those with a key need none.
  const certificates = { requestCert: tls.asksForCertificates, rejectUnauthorized: false }
  const https = {
    ...http,
    ...tls.context(),
    ...certificates,
    ALPNProtocols: ['http/1.1'],
    // As servers of plain HTTP do by themselves: a caller that ends its half still gets its answer.
    allowHalfOpen: true,
    handshakeTimeout: 5_000
  }
  // Whether it is encrypted is no matter of types to those above.
  return { https } as unknown as { http: typeof http }
}
