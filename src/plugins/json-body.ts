import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hasDuplicateMember } from '../base/strict-json.ts'
import { Problem } from '../contract/problem.ts'

/** The media type of JSON, with no charset but UTF-8, which many call utf8. Empty parameters are ignored. */
const jsonMediaType =
  /^application\/json[ \t]*(?:(?:;[ \t]*)+(?:charset=(?:utf-?8|"utf-?8")[ \t]*(?:;[ \t]*)*)?)?$/i

/** A charset other than UTF-8, in quotes or not. */
const otherCharset = /;[ \t]*charset=(?!"?utf-?8"?[ \t]*(?:;|$))/i

/**
 * The one body parser: strict JSON. It refuses what JSON.parse accepts and other parsers read differently: a member named twice,
 * a byte-order mark, bytes that are not UTF-8.
 */
export const jsonBody = fp(
  async function jsonBody(scope) {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      function parseJsonBody(request, body, done) {
        // Many clients send a media type without a body.
        if (body.length === 0 && request.routeOptions.schema?.body === undefined) return done(null, undefined)
        try {
          requireJsonMediaType(request)
          done(null, parseStrictJson(body as Buffer))
        } catch (error) {
          done(error as Error)
        }
      }
    )
  },
  { name: 'json-body', dependencies: ['problem-envelope'] }
)

function requireJsonMediaType({ headers: { 'content-type': type = '' } }: FastifyRequest): void {
  if (jsonMediaType.test(type)) return
  throw new Problem('media_type_unsupported', {
    detail: otherCharset.test(type)
      ? 'JSON is accepted in UTF-8 only: leave the charset out, or send charset=utf-8.'
      : 'The media type application/json takes no parameter but charset=utf-8.'
  })
}

/** What is wrong with bytes that are no JSON. */
function jsonError(bytes: Buffer): string {
  const begin = bytes.toString('latin1', 0, 3)
  if (begin === '\xef\xbb\xbf')
    return 'The body begins with a byte-order mark: send JSON in UTF-8 without one.'
  if (/^(?:\xff\xfe|\xfe\xff)/.test(begin)) return 'The body is in UTF-16: send JSON in UTF-8.'
  return 'The body is not valid JSON in UTF-8.'
}

const whiteSpace = /^[ \t\r\n]*$/

/** Parses JSON in UTF-8; undefined for nothing but white space. Throws `request_malformed`. */
export function parseStrictJson(bytes: Buffer): unknown {
  // A byte-order mark stays in the text, where it is not JSON.
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    if (!isUtf8(bytes)) throw new TypeError('the bytes are not UTF-8')
    value = JSON.parse(text)
  } catch (cause) {
    if (whiteSpace.test(text)) return undefined
    throw new Problem('request_malformed', { detail: jsonError(bytes), cause })
  }
  if (hasDuplicateMember(text, value))
    throw new Problem('request_malformed', { detail: 'The body names a member twice.' })
  return value
}
