import { describe, expect, test } from 'vitest'
import { headerError } from '../../src/plugins/header-validation.ts'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectRefusal, marker } from '../support/http/expect-refusal.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })

describe('a header that may come only once is refused when it comes twice, with the same value or another:', () => {
  test.each([
    ['Host', 'gateway', marker],
    ['Content-Type', 'application/json', 'text/plain'],
    ['Content-Length', '2', '3'],
    ['Idempotency-Key', 'a', 'b'],
    ['Transfer-Encoding', 'chunked', 'identity'],
    ['Expect', '100-continue', 'other']
  ])('%s', async (name, value, other) => {
    const first = ['Host', 'Content-Type', 'Content-Length'].includes(name) ? [] : [`${name}: ${value}`]
    for (const second of [value, other]) {
      const more = [...first, `${name.toUpperCase()}: ${second}`]
      await expectRefusal(file.gateway, syncBytes(call(), { more }), 'request_malformed')
    }
  })

  test.each(['Authorization: Bearer', 'X-API-KEY:'])('%s', async start => {
    const { key, connectorId } = call()
    for (const second of [key, marker]) {
      const more = [`${start} ${key}`, `${start} ${second}`]
      await expectRefusal(file.gateway, syncBytes({ key: null, connectorId }, { more }), 'request_malformed')
    }
  })
})

describe('what a caller claims about itself does not count:', () => {
  test.each([
    ['a key header named as hop-by-hop', ['Connection: authorization, x-api-key, content-type']],
    ['X-Forwarded-For', ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: 10.0.0.2']],
    ['Forwarded', ['Forwarded: for=10.0.0.1;host=other;proto=https']],
    ['X-Request-Id', [`X-Request-Id: ${marker}`]],
    ['an underscore in place of a hyphen', [`X_API_KEY: ${marker}`, `X_Request_Id: ${marker}`]],
    ['a cookie', [`Cookie: key=${marker}`]]
  ])('%s', async (_what, more) => {
    const before = file.gateway.sandbox.requests().length
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more }))
    expect(answer?.status).toBe(200)
    expect(JSON.stringify(answer)).not.toContain(marker)
    expect(JSON.stringify(file.gateway.sandbox.requests(before))).not.toMatch(
      new RegExp(`${marker}|10\\.0\\.0`)
    )
    expect(file.gateway.entries().at(-1)).toMatchObject({ client_ip: '127.0.0.1' })
  })

  test('a key in a header with an underscore is ignored', async () => {
    const { key, connectorId } = call()
    const bytes = syncBytes({ key: null, connectorId }, { more: [`X_API_KEY: ${key}`] })
    await expectRefusal(file.gateway, bytes, 'credentials_invalid')
  })

  test('a key in a trailer is ignored', async () => {
    const { key, connectorId } = call()
    const bytes = syncBytes(
      { key: null, connectorId },
      {
        framing: 'Transfer-Encoding: chunked',
        body: `2\r\n{}\r\n0\r\nX-API-KEY: ${key}\r\nAuthorization: Bearer ${key}\r\n\r\n`
      }
    )
    await expectRefusal(file.gateway, bytes, 'credentials_invalid')
  })
})

test('header validation names the error without quoting the request', () => {
  const wrong: [string[], { url?: string; httpVersion?: string }][] = [
    [['Host', marker, 'host', marker], {}],
    [['Host', `${marker}/`], {}],
    [['Host', 'a', 'Accept', `\xff${marker}`], {}],
    [['Host', 'a', 'X', `\x01${marker}`], {}],
    [['Host', 'a', 'X', `\x7f${marker}`], {}],
    [['Host', 'a', 'X', `\r\n${marker}`], {}],
    [['Host', 'a', 'X', `\xff\0${marker}`], {}],
    [['Host', 'a', 'Expect', marker], {}],
    [['Host', 'a', 'Transfer-Encoding', marker], {}],
    [['Host', 'a', 'Transfer-Encoding', 'chunked', 'Content-Length', '2'], {}],
    [[], {}],
    [['Host', 'a'], { url: `http://${marker}/` }],
    [['Host', 'a'], { httpVersion: '2.0' }]
  ]
  for (const [rawHeaders, more] of wrong) {
    const fault = headerError({ url: '/', httpVersion: '1.1', rawHeaders, ...more })
    expect(fault).toMatch(/^[A-Z][A-Za-z0-9 ,./-]+\.$/)
    expect(fault).not.toContain(marker)
  }
})

test('common header sets are let through', () => {
  for (const host of [
    'localhost',
    'gateway.internal:8080',
    '10.1.2.3:80',
    '[::1]:8080',
    'sync_gateway',
    'a.b-c.d.'
  ])
    expect(headerError({ url: '/livez?x', httpVersion: '1.1', rawHeaders: ['Host', host] })).toBeNull()
  expect(headerError({ url: '/livez', httpVersion: '1.0', rawHeaders: [] })).toBeNull()
})
