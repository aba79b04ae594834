import type { Forwarded, ProblemCode } from '../contract/problem.ts'
import type { UpstreamResponse } from './response.ts'
import { type UnreachableCause, unreachableCause } from './unreachable-cause.ts'

/** A failed send in the gateway's own words. */
export type UpstreamFailure = {
  code: ProblemCode | 'client_disconnected'
  forwarded: Forwarded
  /** It answered that it failed, which does not tell that it did nothing. */
  uncertain?: boolean
  /** Why it could not be reached, or how the connection ended before it answered. */
  unreachable?: UnreachableCause
}

/** What an upstream status other than 200 means. Of the others, 5xx is a failure, and the rest is no answer to these operations. */
const byStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'request_refused',
  // Our key is bad, never the caller's.
  401: 'upstream_credential_rejected',
  // A WAF page, or "Missing Authentication Token" for a wrong route: it cannot be told which from outside.
  403: 'upstream_refused',
  404: 'connector_not_found',
  429: 'upstream_busy'
}

/** What a failed exchange means once bytes were sent; before that, anything but these ends is `upstream_unreachable`. */
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

/** These ends are the same whether or not anything was sent. */
const independentOfSending: ReadonlySet<UpstreamFailure['code']> = new Set([
  'upstream_timeout',
  'client_disconnected',
  'upstream_busy'
])

/** Explains an answer's status. 200 never comes here. */
export function failureOfStatus(status: number): UpstreamFailure {
  const code = byStatus[status] ?? (status >= 500 ? 'upstream_failed' : 'upstream_answer_invalid')
  // 503 says that the call was not taken; the other server errors do not say how far it came.
  return { code, forwarded: 'yes', uncertain: code === 'upstream_failed' && status !== 503 }
}

/** Explains an exchange that ended without a complete answer. */
export function failureOfResponse(exchange: UpstreamResponse & { kind: 'failure' }): UpstreamFailure {
  const { error, sent, status } = exchange
  const told = toldBy(error)
  if (!sent) return failureUnsent(told, exchange)
  if (status === undefined)
    return {
      code: told,
      forwarded: 'unknown',
      ...(told === 'upstream_failed' && { unreachable: unreachableCause(error) })
    }
  // The head may be that of a 200: what was to be done has probably been done.
  if (told === 'upstream_timeout') return { code: told, forwarded: 'unknown' }
  // The head of an answer came and the rest did not: it answered, but with nothing that can be relied on.
  return { code: told === 'upstream_failed' ? 'upstream_answer_invalid' : told, forwarded: 'yes' }
}

function failureUnsent(
  told: UpstreamFailure['code'],
  { error, upstreamMs }: UpstreamResponse & { kind: 'failure' }
): UpstreamFailure {
  // It was with a connection, which was still being made when the deadline passed.
  if (told === 'upstream_timeout' && upstreamMs > 0)
    return { code: told, forwarded: 'no', unreachable: 'timeout' }
  if (independentOfSending.has(told)) return { code: told, forwarded: 'no' }
  return { code: 'upstream_unreachable', forwarded: 'no', unreachable: unreachableCause(error) }
}

function toldBy(error: unknown): UpstreamFailure['code'] {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  // What came was not HTTP. Such errors have no code, or one of the parser's own.
  if (name === 'HTTPParserError') return 'upstream_answer_invalid'
  return (typeof code === 'string' && byErrorCode[code]) || 'upstream_failed'
}
