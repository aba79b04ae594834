import type { Forwarded, ProblemCode } from '../contract/problem.ts'
import type { NoAnswer } from './transport/response.ts'
import { type UnreachableCause, unreachableCause } from './unreachable-cause.ts'

/** A failed attempt in the gateway's own words. */
export type UpstreamFailure = {
  code: ProblemCode | 'client_disconnected'
  forwarded: Forwarded
  /** The upstream answered that it failed, which does not prove that it did nothing. */
  uncertain?: boolean
  /** Why it could not be reached, or how the connection ended before it answered. */
  unreachable?: UnreachableCause
}

/** What an upstream status other than 200 means. Of all others, 5xx is a failure, and the rest no valid answer. */
const byStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'request_refused',
  // Our key is bad, never the caller's.
  401: 'upstream_credential_rejected',
  // A WAF page, or "Missing Authentication Token" for a wrong route: from outside the two look the same.
  403: 'upstream_refused',
  404: 'connector_not_found',
  429: 'upstream_busy'
}

/** What an error means once bytes were sent. Before that, only those of `independentOfSending` keep their meaning. */
const byErrorCode: Readonly<Record<string, UpstreamFailure['code']>> = {
  DEADLINE_PASSED: 'upstream_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'upstream_timeout',
  UND_ERR_BODY_TIMEOUT: 'upstream_timeout',
  CALL_ABANDONED: 'client_disconnected',
  KEY_REFUSED: 'upstream_busy',
  UND_ERR_SOCKET: 'upstream_failed',
  UND_ERR_INFO: 'upstream_failed',
  ECONNRESET: 'upstream_failed',
  EPIPE: 'upstream_failed',
  ANSWER_NOT_HTTP: 'upstream_answer_invalid',
  ANSWERS_TOO_LARGE: 'upstream_answer_invalid',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'upstream_answer_invalid',
  UND_ERR_HEADERS_OVERFLOW: 'upstream_answer_invalid',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'upstream_answer_invalid'
}

const independentOfSending: ReadonlySet<UpstreamFailure['code']> = new Set([
  'upstream_timeout',
  'client_disconnected',
  'upstream_busy'
])

/** Explains a status other than 200. */
export function failureOfStatus(status: number): UpstreamFailure {
  const code = byStatus[status] ?? (status >= 500 ? 'upstream_failed' : 'upstream_answer_invalid')
  // 503 says that the call was not taken; the other server errors do not say how far it came.
  return { code, forwarded: 'yes', uncertain: code === 'upstream_failed' && status !== 503 }
}

/** Explains why no complete answer came. */
export function failureOfResponse({ error, sent, status, upstreamMs }: NoAnswer): UpstreamFailure {
  const code = codeOf(error)
  if (!sent) return unsentFailure(code, error, upstreamMs)
  if (status === undefined)
    return {
      code,
      forwarded: 'unknown',
      ...(code === 'upstream_failed' && { unreachable: unreachableCause(error) })
    }
  // The head may be that of a 200: the operation has probably been done.
  if (code === 'upstream_timeout') return { code, forwarded: 'unknown' }
  // The head of an answer came and the rest did not: it answered, but with nothing that can be relied on.
  return { code: code === 'upstream_failed' ? 'upstream_answer_invalid' : code, forwarded: 'yes' }
}

function unsentFailure(code: UpstreamFailure['code'], error: unknown, upstreamMs: number): UpstreamFailure {
  const failure = { code, forwarded: 'no' } as const
  // The deadline passed while its connection was still being made.
  if (code === 'upstream_timeout' && upstreamMs > 0) return { ...failure, unreachable: 'timeout' }
  if (independentOfSending.has(code)) return failure
  return { ...failure, code: 'upstream_unreachable', unreachable: unreachableCause(error) }
}

function codeOf(error: unknown): UpstreamFailure['code'] {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  // What came was not HTTP. Such errors have no code, or one of the parser's own.
  if (name === 'HTTPParserError') return 'upstream_answer_invalid'
  return (typeof code === 'string' && byErrorCode[code]) || 'upstream_failed'
}
