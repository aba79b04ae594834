import fp from 'fastify-plugin'
import type { Logger } from '../logger.ts'

/** One line for each completed request. What it may hold is listed here: ids, names and numbers, no caller's text. */
export const requestLog = fp<{ logger: Logger }>(
  async function requestLog(scope, { logger }) {
    scope.addHook('onResponse', function logCompleted(request, reply, done) {
      const { call, caller, problem } = request
      logger.info(
        {
          request_id: request.id,
          method: request.method,
          route: request.routeOptions.url,
          status: reply.statusCode,
          code: problem?.code,
          forwarded: problem?.options.forwarded,
          tenant: caller?.tenant.name,
          key_id: caller?.keyId,
          client_ip: call.clientIp,
          duration_ms: Math.round(performance.now() - call.startedAt),
          // Nobody was there any more to read the answer.
          aborted: reply.raw.writableFinished ? undefined : true
        },
        'request completed'
      )
      done()
    })
  },
  { name: 'request-log', dependencies: ['problem-envelope', 'request-facts'] }
)
