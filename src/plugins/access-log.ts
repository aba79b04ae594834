import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Failure } from '../contract/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type LogLevel, logLevelOf } from './problem-envelope.ts'
import { auditFields, requestOf } from './request-context.ts'

/** Logs one line for each completed request: the ids, names and numbers that are listed here, and no caller's text. */
export const accessLog = fp<{ logger: Logger }>(
  async function accessLog(scope, { logger }) {
    const probes = new HealthProbes()
    function logEnd(this: ServerResponse): void {
      const request = requestOf(this.req)
      if (request) logCompleted(request, this, logger, probes)
    }
    scope.addHook('onRequest', function watchEnd(_request, reply, done) {
      // Not onResponse: Fastify does not call it when the caller left before there was an answer.
      reply.raw.on('close', logEnd)
      done()
    })
  },
  { name: 'access-log', dependencies: ['problem-envelope', 'request-context'] }
)

/** An orchestrator probes every second for as long as a state lasts, so only changes of health are logged above debug. */
class HealthProbes {
  /** The problem code of each route that is failing. */
  readonly #failing = new Map<string | undefined, string>()

  levelOf(url: string | undefined, problem: Failure | null): LogLevel | 'debug' {
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
  response: ServerResponse,
  logger: Logger,
  probes: HealthProbes
): void {
  const { call, administrator, problem } = request
  // Once: Fastify makes this object whenever it is asked for it.
  const { url: route, config } = request.routeOptions
  const level = config.health === true ? probes.levelOf(route, problem) : logLevelOf(problem)
  if (!logger.isLevelEnabled(level)) return
  const { last, outcome, upstreamMs } = call.attempts ?? {}
  const { reason, tenant, key_id, connector_id, client_ip } = auditFields(request)
  const members = {
    request_id: request.id,
    method: request.method,
    route,
    status: response.headersSent ? response.statusCode : problem?.status,
    code: problem?.code,
    forwarded: problem?.options.forwarded,
    cause: problem?.options.logFields?.cause ?? outcome?.cause,
    limit: problem?.options.logFields?.limit ?? outcome?.limit,
    reason,
    tenant,
    key_id,
    connector_id,
    client_ip,
    admin_key_id: administrator?.keyId ?? call.failure?.adminKeyId,
    credential: last?.credential,
    attempts: last?.attempt,
    upstream_status: outcome?.upstream_status,
    upstream_request_id: outcome?.upstream_request_id,
    duration_ms: Math.round(performance.now() - call.startedAt),
    upstream_ms: upstreamMs,
    // The caller left before it had read the answer.
    aborted: response.writableFinished ? undefined : true
  }
  logger.plain({ level, members, message: 'request completed' })
}
