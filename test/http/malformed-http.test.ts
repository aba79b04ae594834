import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { expectRefusal, marker } from '../support/http/expect-refusal.ts'
import { header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })

describe('bytes that are not an HTTP request are refused', () => {
  test.each([
    ['words', `${marker} ${marker}\r\n\r\n`],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an SSH greeting', `SSH-2.0-${marker}\r\n`],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a request line without a version', `GET /${marker}\r\n\r\n`],
    ['a method alone', 'POST\r\n\r\n'],
    ['zeros', '\0\0\0\0']
  ])('%s', async (_what, bytes) => {
    await expectRefusal(file.gateway, bytes, 'request_malformed')
  })
})

describe('an invalid request line is refused', () => {
  test.each([
    ['an unknown version', { version: 'HTTP/1.2' }],
    ['a version to come', { version: 'HTTP/3.0' }],
    ['a version without its minor part', { version: 'HTTP/1' }],
    ['another protocol', { version: 'ICE/1.0' }],
    ['a lower-case method', { method: 'post' }],
    ['an unknown method', { method: marker }],
    ['white space at the end', { version: 'HTTP/1.1 ' }],
    ['a NUL in the target', { target: `/connectors/${marker}\0/sync` }],
    ['a byte beyond ASCII in the target', { target: `/connectors/${marker}\xe9/sync` }],
    ['a tab in the target', { target: `/connectors/\t${marker}/sync` }],
    ['an empty target', { target: '' }]
  ])('%s', async (_what, parts) => {
    await expectRefusal(file.gateway, syncBytes(call(), parts), 'request_malformed')
  })

  test('tabs in place of spaces', async () => {
    const bytes = syncBytes(call()).toString('latin1').replace(/ /g, '\t')
    await expectRefusal(file.gateway, bytes, 'request_malformed')
  })
})

describe('invalid headers are refused', () => {
  test.each([
    ['continued on the next line', `X-A: b\r\n ${marker}`],
    ['continued after a tab', `X-A: b\r\n\t${marker}`],
    ['with a NUL in the value', `X-A: a\0${marker}`],
    ['with a bare CR in the value', `X-A: a\r${marker}`],
    ['with a bare LF in the value', `X-A: a\n${marker}`],
    ['with another control character', `X-A: a\x01${marker}`],
    ['with DEL', `X-A: a\x7f${marker}`],
    ['with a space before the colon', `X-A : ${marker}`],
    ['with a tab before the colon', `X-A\t: ${marker}`],
    ['without a name', `: ${marker}`],
    ['without a colon', marker],
    ['with a name that is no token', `X@(y): ${marker}`],
    ['with a name beyond ASCII', `X-\xe9: ${marker}`]
  ])('%s', async (_what, line) => {
    await expectRefusal(file.gateway, syncBytes(call(), { more: [line] }), 'request_malformed')
  })

  test('a first line that begins with a space', async () => {
    const headers = [` X-A: ${marker}`, 'Host: gateway', 'Content-Type: application/json']
    await expectRefusal(file.gateway, syncBytes(call(), { headers }), 'request_malformed')
  })

  test('lines that end in LF alone', async () => {
    const bytes = syncBytes(call()).toString('latin1').replaceAll('\r\n', '\n')
    await expectRefusal(file.gateway, bytes, 'request_malformed')
  })

  test('lines that end in CR alone', async () => {
    const bytes = syncBytes(call()).toString('latin1').replaceAll('\r\n', '\r')
    await expectRefusal(file.gateway, bytes, 'request_malformed')
  })
})

describe('floods of headers are refused', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: ${index}`)

  test('more than 100', async () => {
    await expectRefusal(file.gateway, syncBytes(call(), { more: many(97) }), 'request_malformed')
  })

  test('100 are taken', async () => {
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more: many(96) }))
    expect(answer?.status).toBe(200)
  })

  test.each([
    ['one long value', [`X-A: ${marker.repeat(800)}`]],
    ['one long name', [`${marker.repeat(800)}: a`]],
    ['a thousand short ones', Array.from({ length: 1500 }, () => 'A: b')]
  ])('more than 8 KiB: %s', async (_what, more) => {
    await expectRefusal(file.gateway, syncBytes(call(), { more }), 'headers_too_large')
  })
})

describe('the protocol version', () => {
  test('HTTP/1.0 is served, with and without Host, and closed', async () => {
    for (const headers of [
      ['Host: gateway', 'Content-Type: application/json'],
      ['Content-Type: application/json']
    ]) {
      const [answer] = await rawRequest(
        file.gateway.port,
        syncBytes(call(), { version: 'HTTP/1.0', headers })
      )
      expect(answer?.status).toBe(200)
    }
  })

  test('HTTP/1.1 without Host is refused', async () => {
    const headers = ['Content-Type: application/json']
    await expectRefusal(file.gateway, syncBytes(call(), { headers }), 'request_malformed')
  })
})

describe('the form of the target', () => {
  test.each([
    ['absolute', `http://${marker}/connectors/x/sync`],
    ['absolute, https', `https://${marker}/`],
    ['a star', '*'],
    ['an authority', `${marker}:443`],
    ['without its first slash', 'livez']
  ])('%s is refused', async (_what, target) => {
    await expectRefusal(file.gateway, syncBytes(call(), { target }), 'request_malformed')
  })

  test('OPTIONS * is refused', async () => {
    const bytes = requestBytes({ method: 'OPTIONS', target: '*' })
    await expectRefusal(file.gateway, bytes, 'request_malformed')
  })
})

test('an unknown expectation is refused before its body is asked for', async () => {
  await expectRefusal(file.gateway, syncBytes(call(), { more: [`Expect: ${marker}`] }), 'request_malformed')
})

test('a body that was announced with 100-continue is served', async () => {
  const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more: ['Expect: 100-continue'] }))
  expect(answer?.status).toBe(200)
})

test('empty lines before a request are skipped', async () => {
  const [answer] = await rawRequest(
    file.gateway.port,
    Buffer.concat([Buffer.from('\r\n\r\n'), syncBytes(call())])
  )
  expect(answer?.status).toBe(200)
})

test('a request to upgrade is answered like any request, and its connection closed', async () => {
  const more = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
  const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more }))
  expect(answer?.status).toBe(200)
  expect(answer && header(answer, 'connection')).toBe('close')
})

test('the admin listener refuses the same way', async () => {
  const [answer] = await rawRequest(file.gateway.adminPort, `${marker}\r\n\r\n`)
  expectProblem(answer, 'request_malformed')
})
