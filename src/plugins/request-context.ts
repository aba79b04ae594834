import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type CallerAddress, callerAddress } from '../http/forwarded-address.ts'
import type { AuthenticationAttempt, AuthenticationFailure } from '../identity/authentication-failure.ts'
import type { Call, Sends } from '../upstream/forwarder.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request as the domains know it. */
    call: RequestCall
  }
}

/** The facts of one request, for the door, the ledger and the log. */
export class RequestCall implements Call, AuthenticationAttempt {
  readonly requestId: string
  readonly clientIp: string
  /** Where failures of this caller are counted: by its address or, when that is unknown, by the last proxy's. */
  readonly countedAs: string
  readonly startedAt = performance.now()
  recorded = false
  /** Why nobody was admitted: for the log and the ledger alone. */
  failure: AuthenticationFailure | null = null
  sends: Sends | undefined = undefined
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest, { address, countedAs }: CallerAddress) {
    this.requestId = request.id
    this.clientIp = address
    this.countedAs = countedAs
    this.#request = request
  }

  abandoned(): boolean {
    return this.#request.raw.socket.destroyed
  }
}

const known = Symbol('request')
type Message = IncomingMessage & { [known]?: FastifyRequest }

/** The request that a message is known as; none before it has its facts. */
export function requestOf(message: IncomingMessage): FastifyRequest | undefined {
  return (message as Message)[known]
}

export type RequestContextOptions = {
  /** Whether an address is that of a proxy whose `X-Forwarded-For` is believed. */
  readonly isProxy: (address: string) => boolean
}

/** Gives each request its facts, and each answer the id of its request. */
export const requestContext = fp<RequestContextOptions>(
  async function requestFacts(scope, { isProxy }) {
    scope.decorateRequest('call')
    scope.addHook('onRequest', function noteFacts(request, reply, done) {
      const message: Message = request.raw
      const { socket, headers } = message
      // Node joins the lines of a header that comes more than once, in their order.
      const forwarded = headers['x-forwarded-for'] as string | undefined
      request.call = new RequestCall(request, callerAddress(socket.remoteAddress, forwarded, isProxy))
      message[known] = request
      reply.header('x-request-id', request.id)
      done()
    })
  },
  { name: 'request-context' }
)
