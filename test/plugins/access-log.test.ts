import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import { marker } from '../support/http/expect-refusal.ts'
import { header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'

let app: TestApp
beforeEach(async () => {
  app = await startTestApp()
})
afterEach(() => app.close())

/** The lines that tell of requests, parsed. */
function lines(): Record<string, unknown>[] {
  return app
    .logged()
    .split('\n')
    .filter(line => line.includes('"request_id"'))
    .map(line => JSON.parse(line))
}

test('a request is one line, of names, ids and numbers', async () => {
  const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId }))
  await expect.poll(lines).toEqual([
    {
      level: 30,
      time: expect.any(String),
      request_id: answer && header(answer, 'x-request-id'),
      method: 'POST',
      route: '/connectors/:id/sync',
      status: 200,
      tenant: 'acme',
      key_id: 'testkey',
      connector_id: connectorId,
      client_ip: '127.0.0.1',
      duration_ms: expect.any(Number),
      msg: 'request completed'
    }
  ])
})

test.each([
  ['an unknown path', requestBytes({ method: 'GET', target: `/${marker}?${marker}` }), 'route_not_found'],
  ['an unknown code', requestBytes({ method: 'GET', target: `/problems/${marker}` }), 'route_not_found'],
  [
    'a bad URL',
    requestBytes({ method: 'GET', target: `/connectors/%zz${marker}/sync` }),
    'request_malformed'
  ],
  ['a long id', syncBytes({ key: testKey, connectorId: marker.repeat(9) }), 'uri_too_long'],
  ['a bad id', syncBytes({ key: testKey, connectorId: marker }), 'request_invalid'],
  ['a bad key', syncBytes({ key: marker, connectorId }), 'credentials_invalid'],
  ['a bad body', syncBytes({ key: testKey, connectorId }, { body: `{"${marker}":1}` }), 'request_invalid'],
  ['bad JSON', syncBytes({ key: testKey, connectorId }, { body: `{${marker}` }), 'request_malformed'],
  [
    'a bad header',
    syncBytes({ key: testKey, connectorId }, { more: [`Expect: ${marker}`] }),
    'request_malformed'
  ],
  ['no HTTP', Buffer.from(`${marker}\r\n\r\n`), 'request_malformed'],
  [
    'a bad type',
    syncBytes({ key: testKey, connectorId }, { headers: ['Host: a', `Content-Type: ${marker}/a`] }),
    'media_type_unsupported'
  ],
  [
    'headers of its own',
    syncBytes(
      { key: testKey, connectorId },
      { more: [`User-Agent: ${marker}`, `X-Request-Id: ${marker}`, `X-Forwarded-For: ${marker}`] }
    ),
    undefined
  ]
])('of %s one line tells the code, and nothing of what was sent', async (_what, bytes, code) => {
  await rawRequest(app.port, bytes)
  await expect.poll(lines).toHaveLength(1)
  expect(lines()[0]?.['code']).toBe(code)
  expect(app.logged()).not.toContain(marker)
  expect(app.logged()).not.toContain(testKey)
})

test('an internal error is logged with its cause, without anything shaped like a key', async () => {
  await app.close()
  const cause = new Error('cannot use bd_v2_abcDEF123 of cgw_abc_DEF')
  app = await startTestApp({ contentApi: { startSync: () => Promise.reject(cause) } })
  await rawRequest(app.port, syncBytes({ key: testKey, connectorId }))
  expect(app.logged()).toContain('cannot use [key] of [key]')
  expect(app.logged()).not.toMatch(/abcDEF123|abc_DEF/)
})
