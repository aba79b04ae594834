import { describe, expect, test } from 'vitest'
import { readHeaders } from '../../../src/plugins/header-validation.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectRefusal, marker } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })

/** Text as a client sends it that knows of no other encoding: its UTF-8 bytes. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1')
const name = utf8(`Müller ${marker} 東京`)

const unread = [
  `X-Trace-Name: ${name}`,
  'X-Trace-Name: caf\xe9',
  `User-Agent: ${name}`,
  `Referer: /${name}`,
  `Cookie: name=${name}`,
  `Forwarded: for=${name}`,
  `X-Request-Id: ${name}`,
  `traceparent: ${name}`,
  `X_API_KEY: ${name}`,
  `X_Forwarded_For: ${name}`,
  `Content-Disposition: attachment; filename=${name}`
]

describe('a header that is not read may hold text beyond ASCII, and no part of it is passed on:', () => {
  test.each(unread)('%j', async line => {
    const before = file.gateway.sandbox.requests().length
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more: [line, line] }))
    expect(answer?.status, answer?.body).toBe(200)
    const received = file.gateway.sandbox.requests(before)
    expect(received).toHaveLength(1)
    const traces = JSON.stringify([answer, received, file.gateway.entries()]) + file.gateway.logged()
    expect(traces).not.toContain(marker)
    // Not a byte of it, however it is read.
    expect(traces).not.toMatch(/[\x80-\uffff]/)
  })

  test('health checks, on both listeners', async () => {
    for (const port of [file.gateway.port, file.gateway.adminPort])
      for (const target of ['/livez', '/readyz']) {
        const bytes = requestBytes({ method: 'GET', target, more: [`X-Trace-Name: ${name}`] })
        expect((await rawRequest(port, bytes))[0]?.status).toBe(200)
      }
  })
})

describe('a header that is read must be ASCII, and the detail names it:', () => {
  test.each([...readHeaders.keys()])('%s', async header => {
    // Framing that is not ASCII is no framing: the parser refuses it before the guard sees it.
    const framing = header === 'content-length' || header === 'transfer-encoding' ? null : undefined
    const own = `${header}: ${name}`
    const headers = ['Host: gateway', 'Content-Type: application/json'].filter(
      line => !line.toLowerCase().startsWith(`${header}:`)
    )
    const more = header === 'authorization' ? [] : [`Authorization: Bearer ${file.gateway.key}`]
    const bytes = requestBytes({
      target: `/connectors/${file.gateway.connectors.sharepoint}/sync`,
      headers: [...headers, own],
      more,
      body: framing === null ? '' : '{}',
      ...(framing === null && { framing })
    })
    const { detail } = await expectRefusal(file.gateway, bytes, 'request_malformed')
    if (header !== 'content-length') expect(detail).toContain(header)
  })

  test('the headers that are read say who asks, for what, in which form, and where the request ends', () => {
    expect([...readHeaders.keys()].sort()).toEqual([
      ...['accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type'],
      ...['expect', 'host', 'idempotency-key', 'if-match', 'if-none-match', 'proxy-connection'],
      ...['transfer-encoding', 'upgrade', 'x-api-key', 'x-forwarded-for']
    ])
  })
})
