import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Call } from '../upstream/forward.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request as the domains know it. */
    call: RequestCall
  }
}

/** The facts of one request, for the door, the ledger and the log. */
export class RequestCall implements Call {
  readonly requestId: string
  readonly clientIp: string
  readonly startedAt = performance.now()
  recorded = false
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    this.requestId = request.id
    // A caller that has gone already has no address any more.
    const address: string | undefined = request.ip
    // A dual-stack listener shows IPv4 addresses in their IPv6 form.
    this.clientIp = address?.replace(/^::ffff:/i, '') ?? 'unknown'
    this.#request = request
  }

  abandoned(): boolean {
    return this.#request.raw.socket.destroyed
  }
}

/** Gives each request its facts, and each answer the id of its request. */
export const requestFacts = fp(
  async function requestFacts(scope) {
    scope.decorateRequest('call')
    scope.addHook('onRequest', function noteFacts(request, reply, done) {
      request.call = new RequestCall(request)
      reply.header('x-request-id', request.id)
      done()
    })
  },
  { name: 'request-facts' }
)
