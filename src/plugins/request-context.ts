import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isConnectorId } from '../contract/schemas.ts'
import { type CallerAddress, callerAddress } from '../http/caller-address.ts'
import type { AuthenticationAttempt, AuthenticationFailure } from '../identity/authentication-failure.ts'
import type { Attempts, Call } from '../upstream/call.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request as the domains know it. */
    call: RequestCall
  }
}

/** One request as the forwarder, the ledger and the log know it. */
export class RequestCall implements Call, AuthenticationAttempt {
  readonly requestId: string
  readonly clientIp: string
  /** The address by which failures of this caller are counted: its own or, when that is unknown, the last proxy's. */
  readonly countedAs: string
  readonly startedAt = performance.now()
  recorded = false
  /** Why the caller was not authenticated: for the log and the ledger alone. */
  failure: AuthenticationFailure | null = null
  attempts: Attempts | undefined = undefined
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

/** Fastify's request for a message of Node's; undefined until it has its context. */
export function requestOf(message: IncomingMessage): FastifyRequest | undefined {
  return (message as Message)[known]
}

/** Gives each request its context, and each answer the request's id. `isProxy` knows whose `X-Forwarded-For` is believed. */
export const requestContext = fp<{ isProxy: (address: string) => boolean }>(
  async function requestContext(scope, { isProxy }) {
    scope.decorateRequest('call')
    const direct = new WeakMap<Socket, CallerAddress>()
    function addressOf({ socket, headers }: IncomingMessage): CallerAddress {
      // Node joins the lines of a header that comes more than once, in their order.
      const forwarded = headers['x-forwarded-for'] as string | undefined
      const earlier = forwarded === undefined ? direct.get(socket) : undefined
      if (earlier) return earlier
      const address = callerAddress(socket.remoteAddress, forwarded, isProxy)
      // A connection's peer does not change.
      if (forwarded === undefined && socket.remoteAddress !== undefined) direct.set(socket, address)
      return address
    }
    scope.addHook('onRequest', function addContext(request, reply, done) {
      const message: Message = request.raw
      request.call = new RequestCall(request, addressOf(message))
      message[known] = request
      reply.header('x-request-id', request.id)
      done()
    })
  },
  { name: 'request-context' }
)

/** The caller and the connector of a request, for the log and the ledger. Of the path only a valid id: they hold no other text of a caller. */
export function auditFields({ call, caller, params }: FastifyRequest) {
  const { id } = (params ?? {}) as { id?: string }
  return {
    reason: call.failure?.reason,
    tenant: caller?.tenant.name ?? call.failure?.tenant,
    key_id: caller?.keyId ?? call.failure?.keyId,
    connector_id: id !== undefined && isConnectorId(id) ? id.toLowerCase() : undefined,
    client_ip: call.clientIp
  }
}
