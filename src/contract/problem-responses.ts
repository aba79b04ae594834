import { Type } from '@sinclair/typebox'
import { type Failure, type FieldError, Problem, type ProblemCode, type ProblemOptions } from './problem.ts'
import { renderProblem } from './render-problem.ts'
import { answerHeaders, limitHeaders, noStoreHeaders } from './schemas.ts'

type Headers = Readonly<Record<string, object>>

/** The usual options of a code, as a caller may get them. */
const usual: Partial<Record<ProblemCode, ProblemOptions>> = {
  request_refused: {
    forwarded: 'yes',
    upstream: { status: 400, code: 'BadRequest', request_id: '019b76da-b4b8-74d3-9a8f-0c6d3b1f2e57' }
  },
  rate_limited: { detail: 'The limit "tenant" is used up.', retryAfter: 1 },
  upstream_credential_rejected: { forwarded: 'yes', upstream: { status: 401 } },
  upstream_refused: { forwarded: 'yes', upstream: { status: 403 } },
  upstream_failed: { forwarded: 'yes', uncertain: true, upstream: { status: 502 } },
  upstream_answer_invalid: { forwarded: 'yes', upstream: { status: 307 } },
  upstream_busy: { forwarded: 'yes', retryAfter: 1, upstream: { status: 429 } },
  upstream_timeout: { forwarded: 'unknown' },
  ledger_unavailable: { retryAfter: 1 },
  overloaded: { retryAfter: 1 },
  sealed: { retryAfter: 1 },
  shutting_down: { retryAfter: 1 },
  store_unavailable: { retryAfter: 1 }
}

/** An example of each code. */
export function examplesOf(codes: readonly ProblemCode[]): Failure[] {
  return codes.map(code => new Problem(code, usual[code]))
}

/** Problems of any request, before its route is known. */
export const ofAnyRequest: readonly ProblemCode[] = [
  'request_malformed',
  'request_timeout',
  'uri_too_long',
  'headers_too_large'
]

/** Further ones of routes that take a body. */
export const ofBodies: readonly ProblemCode[] = ['payload_too_large', 'media_type_unsupported']

/** Further ones of all routes of tenants. */
const ofTenants: readonly ProblemCode[] = [
  'credentials_invalid',
  'permission_denied',
  'rate_limited',
  'internal_error',
  'overloaded',
  'sealed',
  'shutting_down'
]

/** Response schemas for a route of tenants: the problems of all of them, its own fault, and these codes. */
export function tenantProblems(fault: FieldError, codes: readonly ProblemCode[]): ProblemResponses {
  const invalid = new Problem('request_invalid', { errors: [fault] })
  return problemResponses([invalid, ...examplesOf([...ofAnyRequest, ...ofTenants, ...codes])], limitHeaders)
}

/** The request id in examples. */
const requestId = '019b76da-b3d2-7a40-8c6e-5f1d2a9b7c34'

function problemResponse(status: number, examples: readonly Failure[], behindLimit: Headers) {
  const waits = examples.some(({ options }) => options.retryAfter !== undefined)
  return {
    description: examples.map(({ code, message }) => `\`${code}\`: ${message}`).join('\n\n'),
    headers: {
      ...answerHeaders,
      ...noStoreHeaders,
      ...(beforeLimit.has(status) ? {} : behindLimit),
      ...headersByStatus[status],
      ...(waits && retryAfter)
    },
    content: {
      'application/problem+json': {
        schema: Type.Ref('Problem'),
        examples: Object.fromEntries(
          examples.map(example => [example.code, { value: renderProblem(example, requestId) }])
        )
      }
    }
  }
}

const retryAfter = { 'Retry-After': { type: 'integer', description: 'Whole seconds, rounded up.' } } as const

/** Statuses of requests that never reach a limit. */
const beforeLimit: ReadonlySet<number> = new Set([401, 408, 414, 431])

const headersByStatus: Readonly<Record<number, Headers>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'Bearer' } },
  429: limitHeaders,
  // The upstream may ask for a wait with a 503, which is a 502 here.
  502: retryAfter
}

export type ProblemResponses = Record<number, ReturnType<typeof problemResponse>>

/** A response schema for each status of the examples. `behindLimit`: headers of those that come after a limit. */
export function problemResponses(examples: readonly Failure[], behindLimit: Headers = {}): ProblemResponses {
  const byStatus = Map.groupBy(examples, ({ status }) => status)
  const statuses = [...byStatus].sort(([one], [other]) => one - other)
  return Object.fromEntries(
    statuses.map(([status, rows]) => [status, problemResponse(status, rows, behindLimit)])
  )
}
