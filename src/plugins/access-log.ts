import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from '../telemetry/logger.ts'
import { connectorIdOf } from './connector-id-of.ts'
import { type LogLevel, logLevelOf } from './problem-envelope.ts'

/** One line for each completed request. What it may hold is listed here: ids, names and numbers, no caller's text. */
export const accessLog = fp<{ logger: Logger }>(
  async function requestLog(scope, { logger }) {
    const probes = new Probes()
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

/**
 * What probes of health have found. An orchestrator asks every second for as long as a state lasts, so only a change is
 * worth a line.
 */
class Probes {
  /** The problem that a route was last answered with; none while it is well. */
  readonly #failing = new Map<string | undefined, string>()

  levelOf({ routeOptions: { url }, problem }: FastifyRequest): LogLevel | 'debug' {
    // The request itself was bad: nothing is said of health.
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
  const { call, caller, administrator, problem } = request
  const { last, outcome, upstreamMs } = call.sends ?? {}
  logger[level](
    {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: raw.headersSent ? raw.statusCode : problem?.status,
      code: problem?.code,
      forwarded: problem?.options.forwarded,
      reason: call.failure?.reason,
      cause: problem?.options.facts?.cause ?? outcome?.cause,
      limit: problem?.options.facts?.limit ?? outcome?.limit,
      tenant: caller?.tenant.name ?? call.failure?.tenant,
      key_id: caller?.keyId ?? call.failure?.keyId,
      admin_key_id: administrator?.keyId ?? call.failure?.adminKeyId,
      connector_id: connectorIdOf(request),
      credential: last?.credential,
      attempts: last?.attempt,
      upstream_status: outcome?.upstream_status,
      upstream_request_id: outcome?.upstream_request_id,
      client_ip: call.clientIp,
      duration_ms: Math.round(performance.now() - call.startedAt),
      upstream_ms: upstreamMs,
      // Nobody was there any more to read the answer.
      aborted: raw.writableFinished ? undefined : true
    },
    'request completed'
  )
}
