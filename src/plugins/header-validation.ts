import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'

/**
 * Every header that a plugin, a route or Node reads, and how often it may come: two of those that decide who is asking, or for
 * what, are refused. No other header is logged or passed on, so text beyond ASCII in one is harmless.
 */
export const readHeaders: ReadonlyMap<string, 'once' | 'many'> = new Map(
  Object.entries({
    host: 'once',
    authorization: 'once',
    'x-api-key': 'once',
    'content-type': 'once',
    'content-length': 'once',
    'transfer-encoding': 'once',
    'idempotency-key': 'once',
    expect: 'once',
    connection: 'many',
    'proxy-connection': 'many',
    upgrade: 'many',
    accept: 'many',
    'accept-encoding': 'many',
    'if-match': 'many',
    'if-none-match': 'many',
    'x-forwarded-for': 'many'
  })
)

type Rule = {
  readonly name: string
  /** A bit of its own for a header that may come once; 0 for the others. */
  readonly onceBit: number
}

/** The rules by the spellings of most clients: names in lower case, and capitalized. */
const rules = new Map<string, Rule>()
for (const [index, [name, occurrence]] of [...readHeaders].entries()) {
  const rule = { name, onceBit: occurrence === 'once' ? 1 << index : 0 }
  rules.set(name, rule)
  rules.set(
    name.replace(/\b[a-z]/g, letter => letter.toUpperCase()),
    rule
  )
}

function ruleOf(name: string): Rule | undefined {
  return rules.get(name) ?? rules.get(name.toLowerCase())
}

function onceBitOf(name: string): number {
  return rules.get(name)?.onceBit ?? 0
}

const hostBit = onceBitOf('host')
const framingBits = onceBitOf('content-length') | onceBitOf('transfer-encoding')

const maxHeaders = 100

/** A name, an IPv4 address or a bracketed IPv6 address, with or without a port. */
const hostForm = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * Refuses header sets that another HTTP implementation between us and the caller might read differently. It reads `rawHeaders`:
 * in `headers` Node has already joined or dropped duplicates.
 */
export const headerValidation = fp(
  async function headerValidation(scope) {
    // What follows such a request on its connection may to another implementation be a part of it.
    const distrusted = new WeakSet<Socket>()
    scope.addHook('onRequest', function validateHeaders({ raw }, reply, done) {
      const detail = distrusted.has(raw.socket)
        ? 'An earlier request on this connection was malformed.'
        : headerError(raw)
      if (detail === null) return done()
      distrusted.add(raw.socket)
      reply.header('connection', 'close')
      done(new Problem('request_malformed', { detail }))
    })
  },
  { name: 'header-validation', dependencies: ['problem-envelope'] }
)

/** What is wrong with the request line and headers, in a sentence that quotes none of them; null for nothing. */
export function headerError(
  request: Pick<IncomingMessage, 'url' | 'httpVersion' | 'rawHeaders'>
): string | null {
  const { url = '', httpVersion, rawHeaders } = request
  if (!url.startsWith('/') || url.includes('#')) return 'The request target must be a path.'
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return 'The only accepted versions are HTTP/1.1 and HTTP/1.0.'
  if (rawHeaders.length > maxHeaders * 2) return `At most ${maxHeaders} headers are accepted.`
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] as string
    const highest = highestCharacter(value)
    if (highest === controlCharacter) return 'Header values must not contain control characters.'
    const rule = ruleOf(rawHeaders[index] as string)
    if (rule === undefined) continue
    const { name, onceBit } = rule
    if (highest > lastOfAscii) return `The ${name} header must be ASCII.`
    if (onceBit === 0) continue
    if ((seen & onceBit) !== 0) return `The ${name} header may come only once.`
    seen |= onceBit
    const error = valueError(name, value, httpVersion)
    if (error !== null) return error
  }
  if ((seen & hostBit) === 0 && httpVersion !== '1.0') return 'The host header is missing.'
  return (seen & framingBits) === framingBits ? 'Send content-length or transfer-encoding, not both.' : null
}

function valueError(name: string, value: string, httpVersion: string): string | null {
  if (name === 'host' && !hostForm.test(value)) return 'The host header does not name a host.'
  if (name === 'expect' && value.toLowerCase() !== '100-continue')
    return 'The only accepted expectation is 100-continue.'
  if (name === 'transfer-encoding' && (httpVersion === '1.0' || value.toLowerCase() !== 'chunked'))
    return 'The only accepted transfer encoding is chunked, and none on HTTP/1.0.'
  return null
}

const lastOfAscii = 0x7e
const controlCharacter = Number.POSITIVE_INFINITY

/** The highest character of a value, or `controlCharacter`. A loop: on values this short it beats a regular expression. */
function highestCharacter(value: string): number {
  let highest = 0
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return controlCharacter
    if (code > highest) highest = code
  }
  return highest
}
