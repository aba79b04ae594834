import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import { Problem } from '../problems.ts'

/** Headers of which a second one changes who is asking, or what for: never a matter of taking the first or the last. */
const atMostOnce: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'x-api-key',
  'content-type',
  'content-length',
  'transfer-encoding',
  'idempotency-key',
  'expect'
])

const maxHeaders = 100

/**
 * Refuses header sets that another HTTP implementation between us and the caller might read otherwise. It looks at
 * `rawHeaders`: Node has by then joined or dropped duplicates in `headers`.
 */
export const headerGuard = fp(
  async function headerGuard(scope) {
    scope.addHook('onRequest', function guardHeaders(request, _reply, done) {
      const fault = headerFault(request.raw)
      done(fault === null ? undefined : new Problem('request_malformed', { detail: fault }))
    })
  },
  { name: 'header-guard', dependencies: ['problem-envelope'] }
)

/** What is wrong with the request's line and headers, in a sentence that quotes none of them, or null. */
export function headerFault(
  request: Pick<IncomingMessage, 'url' | 'httpVersion' | 'rawHeaders'>
): string | null {
  if (!request.url?.startsWith('/')) return 'The request target must be a path.'
  const { rawHeaders } = request
  if (rawHeaders.length > maxHeaders * 2) return `At most ${maxHeaders} headers are taken.`
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    const value = rawHeaders[index + 1] as string
    if (!isVisibleAscii(value)) return 'Header values must be ASCII.'
    if (!atMostOnce.has(name)) continue
    if (seen.has(name)) return `The ${name} header may come only once.`
    seen.add(name)
    if (name === 'transfer-encoding' && (request.httpVersion === '1.0' || value.toLowerCase() !== 'chunked'))
      return 'The only transfer encoding taken is chunked, and none on HTTP/1.0.'
  }
  if (!seen.has('host') && request.httpVersion !== '1.0') return 'The host header is missing.'
  return seen.has('content-length') && seen.has('transfer-encoding')
    ? 'Send content-length or transfer-encoding, not both.'
    : null
}

/** Tab and 0x20 to 0x7E. A loop: on values this short it beats a regular expression. */
function isVisibleAscii(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code > 0x7e) return false
  }
  return true
}
