import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { JwtAuthenticator } from '../../../src/identity/jwt/authenticate.ts'
import { TokenIssuer } from '../../../src/identity/jwt/issuer.ts'
import { JwksCache } from '../../../src/identity/jwt/jwks-cache.ts'
import { jwksSource } from '../../../src/identity/jwt/jwks-source.ts'
import { logEvents } from '../../../src/telemetry/event-log.ts'
import { Events } from '../../../src/telemetry/events.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import {
  type KeySetServer,
  makeToken,
  signingKey,
  startKeySetServer,
  testIssuer
} from '../../support/fixtures/token-issuer.ts'

/** A logger, and the lines that it has written. */
function recordingLogger() {
  const lines: Record<string, unknown>[] = []
  const logger = createLogger('debug', { write: line => void lines.push(JSON.parse(line)) })
  return { lines, logger }
}

/** Events, and the lines that they have become. */
function loggedEvents() {
  const { lines, logger } = recordingLogger()
  const events = new Events()
  const stop = logEvents(events, logger)
  onTestFinished(stop)
  return { lines, events }
}

async function keySetServer(serves: KeySetServer['serves']): Promise<KeySetServer> {
  const server = await startKeySetServer(serves)
  onTestFinished(() => server.close())
  return server
}

/** What is logged when the keys of an issuer at this place cannot be had. */
async function loggedFor(jwks: string, deadlineMs?: number): Promise<Record<string, unknown>> {
  const { lines, events } = loggedEvents()
  const keys = new JwksCache({ issuer: 'company', source: jwksSource(jwks, deadlineMs), events })
  onTestFinished(() => keys.close())
  await keys.refresh()
  expect(lines).toHaveLength(1)
  return lines[0] as Record<string, unknown>
}

describe('the log says why the keys of an issuer cannot be had', () => {
  // A deadline that passes is a DOMException, whose code is the number 23.
  test.each<[string, KeySetServer['serves']]>([
    ['is silent', () => {}],
    ['begins an answer and goes no further', response => void response.write('{"keys":[')]
  ])('when the issuer %s: which one, where, and after how long', async (_what, serves) => {
    const { url } = await keySetServer(serves)
    const { origin } = new URL(url)
    expect(await loggedFor(`${url}?secret=1`, 50)).toMatchObject({
      level: 40,
      event: 'issuer.keys_unavailable',
      issuer: 'company',
      from: origin,
      err: {
        type: 'DomainError',
        code: 'jwks_unavailable',
        message: `could not fetch the keys: no whole answer from ${origin} within 50 ms`
      }
    })
  })

  test('when nobody listens, or the connection breaks, or it answers with a failure', async () => {
    const server = await keySetServer(response => void response.socket?.destroy())
    const from = new URL(server.url).origin
    expect(await loggedFor(server.url)).toMatchObject({
      from,
      err: { message: `could not fetch the keys: ${from} failed (UND_ERR_SOCKET)` }
    })
    server.serves = response => void response.writeHead(500).end()
    expect(await loggedFor(server.url)).toMatchObject({ from, err: { message: 'the issuer answered 500' } })
    const gone = await startKeySetServer([])
    await gone.close()
    expect(await loggedFor(gone.url)).toMatchObject({
      err: { message: `could not fetch the keys: ${new URL(gone.url).origin} failed (ECONNREFUSED)` }
    })
  })

  test('when its file is not there', async () => {
    expect(await loggedFor('file:/nowhere/keys.json')).toMatchObject({
      from: 'file:/nowhere/keys.json',
      err: { message: 'file:/nowhere/keys.json cannot be read (ENOENT)' }
    })
  })
})

test('a token that cannot be verified because its key is broken is refused for a reason in words', async () => {
  const key = signingKey('broken')
  const broken = { ...key, jwk: { ...key.jwk, x: (key.jwk as { y: string }).y } }
  const { url } = await keySetServer([broken])
  const { lines, events } = loggedEvents()
  const keys = new JwksCache({ issuer: 'company', source: jwksSource(url), events })
  onTestFinished(() => keys.close())
  const options = {
    ...testIssuer,
    name: 'company',
    jwks: url,
    algorithms: ['ES256']
  }
  const tokens = new JwtAuthenticator([new TokenIssuer(options, keys)], { find: () => null }, events)
  expect(await tokens.authenticate(makeToken(key), Date.now())).toBeNull()
  expect(lines.at(-1)).toMatchObject({
    event: 'token.rejected',
    reason: expect.stringMatching(/^[A-Za-z_]+$/)
  })
})

describe('whatever was thrown is logged in words', () => {
  const aborted = (reason?: unknown) => {
    const controller = new AbortController()
    controller.abort(reason)
    return controller.signal.reason as unknown
  }
  test.each<[string, unknown, object]>([
    ['an aborted signal', aborted(), { type: 'AbortError', message: 'This operation was aborted' }],
    ['a signal aborted with a text', aborted('too late'), { type: 'string', message: 'too late' }],
    [
      'a clone of an exception',
      structuredClone(aborted()),
      { type: 'AbortError', message: 'This operation was aborted' }
    ],
    ['a text', 'no room', { type: 'string', message: 'no room' }],
    ['a number', 23, { type: 'number', message: '23' }],
    ['null', null, { type: 'null', message: 'null' }],
    ['a symbol', Symbol('why'), { type: 'symbol', message: 'Symbol(why)' }],
    [
      'an error of another realm',
      runInNewContext('new RangeError("too far")'),
      { type: 'RangeError', message: 'too far' }
    ],
    [
      'an object',
      { code: 'EBROKEN', message: 'it broke', secret: 1 },
      { type: 'object', code: 'EBROKEN', message: 'it broke' }
    ],
    [
      'an object that says nothing',
      { secret: 1 },
      { type: 'object', message: 'what was thrown is no error and has no message' }
    ],
    ['a key', 'bd_v2_canary', { type: 'string', message: '[key]' }]
  ])('%s', (_what, err, described) => {
    const { lines, logger } = recordingLogger()
    logger.error({ err }, 'it failed')
    const { err: logged } = lines[0] as { err: Record<string, unknown> }
    const { stack, ...rest } = logged
    expect(rest).toEqual(described)
    expect(stack === undefined || typeof stack === 'string').toBe(true)
  })

  test('of several failures of one cleanup the first is logged', async () => {
    const { lines, logger } = recordingLogger()
    const stack = new AsyncDisposableStack()
    for (const message of ['third', 'second', 'first'])
      stack.defer(() => Promise.reject(Object.assign(new Error(message), { code: 'ENOSPC' })))
    await stack.disposeAsync().catch(err => logger.error({ err }, 'it failed'))
    expect(lines).toMatchObject([{ err: { type: 'Error', code: 'ENOSPC', message: 'first' } }])
  })

  test('an error keeps its code when that is a word', () => {
    const { lines, logger } = recordingLogger()
    logger.error({ err: Object.assign(new Error('no'), { code: 'ENOENT' }) }, 'it failed')
    logger.error({ err: Object.assign(new Error('no'), { code: 23 }) }, 'it failed')
    expect(lines.map(({ err }) => (err as { code?: unknown }).code)).toEqual(['ENOENT', undefined])
  })
})
