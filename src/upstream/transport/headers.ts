/**
 * All headers that go upstream, as undici's flat list. A literal: nothing of the caller's own headers can get in. `host`,
 * `content-length` and `connection` are added by undici.
 */
export function requestHeaders(secret: string, requestId: string): string[] {
  return [
    'x-api-key',
    secret,
    'x-request-id',
    requestId,
    'content-type',
    'application/json',
    'accept',
    'application/json',
    'accept-encoding',
    'identity',
    'user-agent',
    'connector-gateway'
  ]
}

export type AnswerHeaders = ReturnType<typeof answerHeaders>

/**
 * The answer headers that are read; no other goes any further. One that came twice counts as absent: nobody can know which of
 * the two was meant.
 */
export function answerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const single = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : ''
  }
  return {
    contentType: single('content-type'),
    contentEncoding: single('content-encoding'),
    retryAfter: single('retry-after'),
    requestId: single('x-request-id') || single('x-amzn-requestid')
  }
}

/** A wait beyond a day is passed on as a day. */
const longestRetryAfter = 86_400

/** Seconds to wait, rounded up, from a Retry-After value (seconds or an HTTP date); undefined for any other value. */
export function retryAfterSeconds(value: string, now: number): number | undefined {
  if (/^[0-9]+$/.test(value)) return Math.min(Number(value), longestRetryAfter)
  const at = /^[A-Z][a-z]{2}, [0-9]{2} /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, Math.ceil((at - now) / 1000)), longestRetryAfter)
}
