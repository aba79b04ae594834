import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from '../telemetry/logger.ts'
import { type LogLevel, logLevelOf } from './problem-envelope.ts'
import { auditFields } from './request-context.ts'

/** Logs one line for each completed request: the ids, names and numbers that are listed here, and no caller's text. */
export const accessLog = fp<{ logger: Logger }>(
  async function accessLog(scope, { logger }) {
    const probes = new HealthProbes()
    scope.addHook('onRequest', function watchEnd(request, reply, done) {
      // Not onResponse: Fastify does not call it when the caller left before there was an answer.
      reply.raw.on('close', () => {
        const isProbe = request.routeOptions.config.health === true
        logCompleted(request, reply, logger, isProbe ? probes.levelOf(request) : logLevelOf(request.problem))
      })
      done()
    })
  },
  { name: 'access-log', dependencies: ['problem-envelope', 'request-context'] }
)

/** An orchestrator probes every second for as long as a state lasts, so only changes of health are logged above debug. */
class HealthProbes {
  /** The problem code of each route that is failing. */
  readonly #failing = new Map<string | undefined, string>()

  levelOf({ routeOptions: { url }, problem }: FastifyRequest): LogLevel | 'debug' {
    // The request itself was bad, which says nothing about health.
    if (problem && problem.status < 500) return logLevelOf(problem)
    if (this.#failing.get(url) === problem?.code) return 'debug'
    if (problem) this.#failing.set(url, problem.code)
    else this.#failing.delete(url)
    return logLevelOf(problem)
  }
}

function logCompleted(
  request: FastifyRequest,
  { raw }: FastifyReply,
  logger: Logger,
  level: LogLevel | 'debug'
): void {
  if (!logger.isLevelEnabled(level)) return
  const { call, administrator, problem } = request
  const { last, outcome, upstreamMs } = call.attempts ?? {}
  logger[level](
    {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: raw.headersSent ? raw.statusCode : problem?.status,
      code: problem?.code,
      forwarded: problem?.options.forwarded,
      cause: problem?.options.logFields?.cause ?? outcome?.cause,
      limit: problem?.options.logFields?.limit ?? outcome?.limit,
      ...auditFields(request),
      admin_key_id: administrator?.keyId ?? call.failure?.adminKeyId,
      credential: last?.credential,
      attempts: last?.attempt,
      upstream_status: outcome?.upstream_status,
      upstream_request_id: outcome?.upstream_request_id,
      duration_ms: Math.round(performance.now() - call.startedAt),
      upstream_ms: upstreamMs,
      // The caller left before it had read the answer.
      aborted: raw.writableFinished ? undefined : true
    },
    'request completed'
  )
}
