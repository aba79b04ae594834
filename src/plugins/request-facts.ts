import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Call, Sends } from '../upstream/forward.ts'

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
  sends: Sends | undefined = undefined
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    this.requestId = request.id
    this.clientIp = addressOf(request)
    this.#request = request
  }

  abandoned(): boolean {
    return this.#request.raw.socket.destroyed
  }
}

/** A caller that has gone already has no address, and behind a proxy it may be any text: then it is `unknown`. */
function addressOf({ ip }: { ip: string | undefined }): string {
  // A dual-stack listener shows IPv4 addresses in their IPv6 form. A zone is a name of this machine's, or any text.
  const address = ip?.replace(/^::ffff:/i, '').replace(/%.*$/, '') ?? ''
  return isIP(address) === 0 ? 'unknown' : address
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
