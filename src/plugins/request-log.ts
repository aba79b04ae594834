import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from '../logger.ts'

/** One line for each completed request. What it may hold is listed here: ids, names and numbers, no caller's text. */
export const requestLog = fp<{ logger: Logger }>(
  async function requestLog(scope, { logger }) {
    scope.addHook('onRequest', function watchEnd(request, reply, done) {
      // Not onResponse: Fastify does not call it when the caller left before there was an answer.
      reply.raw.on('close', () => logCompleted(request, reply, logger))
      done()
    })
  },
  { name: 'request-log', dependencies: ['problem-envelope', 'request-facts'] }
)

function logCompleted(request: FastifyRequest, { raw }: FastifyReply, logger: Logger): void {
  const { call, caller, administrator, problem } = request
  logger.info(
    {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: raw.headersSent ? raw.statusCode : undefined,
      code: problem?.code,
      forwarded: problem?.options.forwarded,
      reason: call.stranger?.reason,
      tenant: caller?.tenant.name ?? call.stranger?.tenant,
      key_id: caller?.keyId ?? call.stranger?.keyId,
      admin_key_id: administrator?.keyId ?? call.stranger?.adminKeyId,
      client_ip: call.clientIp,
      duration_ms: Math.round(performance.now() - call.startedAt),
      // Nobody was there any more to read the answer.
      aborted: raw.writableFinished ? undefined : true
    },
    'request completed'
  )
}
