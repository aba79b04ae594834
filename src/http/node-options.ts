import type { Server } from 'node:tls'
import type { TlsMaterial } from '../config/tls-files.ts'

export type SecureServer = Pick<Server, 'setSecureContext'>

/**
 * Gives an HTTPS server its certificate, for new connections; printing the server does not print the key. `setSecureContext` drops
 * the option that trusts client authorities without their root, so it is set on the context.
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

/** Fastify's options for Node's own server: HTTP or, with a certificate, HTTPS. */
export function nodeOptions(tls: TlsMaterial | undefined) {
  const http = {
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 8 * 1024,
    // Header validation asks for the Host header: Node's own refusal would not be our envelope.
    requireHostHeader: false
  }
  if (tls === undefined) return { http }
  // A client certificate is requested here and judged at authentication: callers with a key need none.
  const certificates = { requestCert: tls.asksForCertificates, rejectUnauthorized: false }
  const https = {
    ...http,
    ...tls.context(),
    ...certificates,
    ALPNProtocols: ['http/1.1'],
    // As plain HTTP servers do by default: a caller that ends its half still gets its answer.
    allowHalfOpen: true,
    handshakeTimeout: 5_000
  }
  // Fastify's type differs for HTTPS; no caller needs the difference.
  return { https } as unknown as { http: typeof http }
}
