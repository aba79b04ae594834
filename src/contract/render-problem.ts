import { STATUS_CODES } from 'node:http'
import type { Failure, ProblemBody, RenderedProblem } from './problem.ts'

/** A call that may have started a sync is never retryable. */
export function renderProblem(problem: Failure, requestId: string): ProblemBody {
  const { kind } = problem
  const {
    errors,
    retryAfter,
    upstream,
    forwarded = 'no',
    uncertain = forwarded === 'unknown'
  } = problem.options
  return {
    type: `/problems/${problem.code}`,
    title: kind.title,
    status: kind.status,
    detail: problem.message,
    code: problem.code,
    action: kind.action,
    request_id: requestId,
    retryable: kind.retryable && !uncertain,
    forwarded,
    ...(errors && { errors }),
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
    ...(upstream && { upstream })
  }
}

/** Only the member itself matches: quotes inside a JSON text are escaped. */
const emptyId = '"request_id":""'

/** A failure's answer, rendered once for all requests that get this failure. */
export function prerender(problem: Failure): RenderedProblem {
  problem.rendered ??= renderAroundId(problem)
  return problem.rendered
}

function renderAroundId(problem: Failure): RenderedProblem {
  const text = JSON.stringify(renderProblem(problem, ''))
  const idAt = text.indexOf(emptyId) + emptyId.length - 1
  return { headers: problemHeaders(problem), beforeId: text.slice(0, idAt), afterId: text.slice(idAt) }
}

/** Headers of every problem, beside Content-Length and X-Request-Id. */
function problemHeaders(problem: Failure): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(problem.code === 'credentials_invalid' && { 'www-authenticate': 'Bearer' }),
    ...(problem.options.retryAfter !== undefined && { 'retry-after': String(problem.options.retryAfter) }),
    ...problem.options.headers
  }
}

/** A complete HTTP/1.1 answer for connections that never became a request. Closes the connection. */
export function rawProblemResponse(problem: Failure, requestId: string): string {
  const { headers: always, beforeId, afterId } = prerender(problem)
  const body = beforeId + requestId + afterId
  const headers = {
    ...always,
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    date: new Date().toUTCString()
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}
