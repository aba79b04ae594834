import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isEnding, type ProcessState } from '../base/process-state.ts'
import { Failure, type FieldError, Problem, type ProblemCode } from '../contract/problem.ts'
import { prerender } from '../contract/render-problem.ts'
import { asBug, type Logger } from '../telemetry/logger.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The failure that this request was answered with: for the log and the ledger. */
    problem: Failure | null
  }
}

/** The problems that Fastify's own errors stand for. Any other error is our bug. */
const byFastifyCode: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_BAD_URL: 'request_malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
  FST_ERR_NOT_FOUND: 'route_not_found',
  FST_ERR_VALIDATION: 'request_invalid',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
  // The caller left, or its body broke off, while it was being read.
  ECONNRESET: 'request_malformed',
  ERR_STREAM_PREMATURE_CLOSE: 'request_malformed'
}

/** Renders every failure of a request, thrown or Fastify's own, as the problem envelope. */
export const problemEnvelope = fp<{ logger: Logger }>(
  async function problemEnvelope(scope, { logger }) {
    scope.decorateRequest('problem', null)
    scope.setErrorHandler(function answerFailure(error, request, reply) {
      const failure = error instanceof Failure ? error : toProblem(error, request)
      return sendProblem(failure, request, reply, logger)
    })
  },
  { name: 'problem-envelope' }
)

/** Makes Fastify's `frameworkErrors`: for failures before there is a route, which no hook ever sees. */
export function answerFrameworkError(logger: Logger, processState: ProcessState) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.header('x-request-id', request.id)
    if (isEnding(processState)) reply.header('connection', 'close')
    sendProblem(toProblem(error), request, reply, logger)
    logger[logLevelOf(request.problem)](
      { request_id: request.id, code: request.problem?.code, status: reply.statusCode },
      'request completed'
    )
  }
}

export type LogLevel = 'info' | 'warn'

/** Somebody has to look at a failure of ours or the upstream's; refused requests are normal. */
export function logLevelOf(problem: Failure | null): LogLevel {
  return problem && problem.status >= 500 ? 'warn' : 'info'
}

function sendProblem(
  problem: Failure,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger
): FastifyReply {
  request.problem = problem
  if (problem.code === 'internal_error')
    logger.error({ request_id: request.id, err: asBug(problem.cause) }, 'internal error')
  const { headers, beforeId, afterId } = prerender(problem)
  // With a serializer of its own no response schema touches it, and Fastify adds no charset to the type.
  return reply
    .code(problem.status)
    .headers(headers)
    .serializer(asItIs)
    .send(beforeId + request.id + afterId)
}

const asItIs = (text: string): string => text

/**
 * Any thrown value as a Problem: `internal_error` for what is neither a Problem nor a known framework error. With the request
 * it recognizes an empty body, and one that broke off, for which the connection already has its answer.
 */
export function toProblem(error: unknown, request?: Pick<FastifyRequest, 'body' | 'problem'>): Problem {
  if (error instanceof Problem) return error
  if (request?.problem instanceof Problem) return request.problem
  const known = byFastifyCode[(error as { code?: string } | null)?.code ?? '']
  if (known === undefined) return new Problem('internal_error', { cause: error })
  if (known !== 'request_invalid') return new Problem(known, { cause: error })
  const { validationContext } = error as FastifyError
  const isEmpty = request !== undefined && validationContext === 'body' && request.body === undefined
  return new Problem(known, {
    ...(isEmpty && { detail: 'The body is empty.' }),
    errors: fieldErrors(error as FastifyError),
    cause: error
  })
}

/** Parts of a request that Fastify names differently than our pointers do. */
const partNames: Readonly<Record<string, string>> = { querystring: 'query' }

/** Points at each error by names of the schema only: an unknown member's name is never echoed. */
function fieldErrors(error: FastifyError): FieldError[] {
  const { validationContext: part = 'body' } = error
  const root = part === 'body' ? '' : `/${partNames[part] ?? part}`
  return (error.validation ?? []).map(found => {
    const missing = found.params['missingProperty']
    return {
      pointer: `${root}${found.instancePath}${missing === undefined ? '' : `/${missing}`}`,
      detail: detailOf(found)
    }
  })
}

type SchemaError = NonNullable<FastifyError['validation']>[number] & {
  parentSchema?: { description?: string; properties?: Record<string, unknown> }
}

function detailOf({ keyword, message, parentSchema }: SchemaError): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties') {
    const names = Object.keys(parentSchema?.properties ?? {})
    return names.length === 0 ? 'must be empty' : `may hold only: ${names.join(', ')}`
  }
  return parentSchema?.description ? `must be ${parentSchema.description}` : (message ?? 'is not valid')
}
