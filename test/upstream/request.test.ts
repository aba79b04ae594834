import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { canaryKey } from '../support/fixtures/test-gateway.ts'
import { header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()

const contract = JSON.parse(readFileSync(new URL('../../openapi/content-api.json', import.meta.url), 'utf8'))
const ajv = new Ajv2020({ strict: false, formats: { uuid: true, date: true } }).addSchema(
  contract,
  'contract'
)
const isSyncRequest = ajv.compile({ $ref: 'contract#/components/schemas/SyncRequest' })
const isConnectorId = ajv.compile({ $ref: 'contract#/components/schemas/ConnectorId' })

/** Sends one sync and returns the answer and what the upstream received for it. */
async function send(connectorId: string, parts: Parameters<typeof syncBytes>[1] = {}) {
  const { key, port, sandbox } = file.gateway
  const before = sandbox.requests().at(-1)?.order ?? 0
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId }, parts))
  const received = sandbox.requests(before)
  expect(received).toHaveLength(1)
  return { answer, received: received[0] as (typeof received)[0] }
}

test('the request that goes upstream is, byte for byte, a constant with the id, the key, the request id and the body', async () => {
  const id = file.gateway.connectors.investment_research
  const body = '{"date_limit":"2026-01-01"}'
  const { answer, received } = await send(id, { body })
  expect((received.head + received.body).split('\r\n')).toEqual([
    `POST /contents/v1/connectors/${id}/sync HTTP/1.1`,
    `host: 127.0.0.1:${file.gateway.sandbox.port}`,
    'connection: keep-alive',
    `x-api-key: ${canaryKey}`,
    `x-request-id: ${answer && header(answer, 'x-request-id')}`,
    'content-type: application/json',
    'accept: application/json',
    'accept-encoding: identity',
    'user-agent: connector-gateway',
    `content-length: ${body.length}`,
    '',
    body
  ])
})

test('no header of a caller goes upstream', async () => {
  const { received: plain } = await send(file.gateway.connectors.sharepoint)
  const { received } = await send(file.gateway.connectors.sharepoint, {
    more: [
      'X-Request-Id: of-the-caller',
      'User-Agent: of-the-caller',
      'Accept: text/html',
      'Accept-Encoding: gzip, br',
      'Cookie: a=b',
      'Forwarded: for=10.0.0.1',
      'X-Forwarded-For: 10.0.0.1',
      'X-Forwarded-Host: other',
      'Via: 1.1 other',
      'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'Connection: x-api-key',
      'X-Amz-Target: other',
      'Origin: http://other',
      'Range: bytes=0-1'
    ]
  })
  const withoutId = (head: string) => head.replace(/^x-request-id: .*$/m, '')
  expect(withoutId(received.head)).toBe(withoutId(plain.head))
})

describe('every request sent upstream keeps to the upstream’s contract', () => {
  const operation = contract.paths['/contents/v1/connectors/{connector_id}/sync'].post

  test('whatever ids and dates callers send', async () => {
    expect(operation.requestBody.required).toBe(true)
    const day = fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map(date => date.toISOString().slice(0, 10))
    const id = fc.tuple(fc.uuid(), fc.boolean()).map(([text, upper]) => (upper ? text.toUpperCase() : text))
    await fc.assert(
      fc.asyncProperty(id, fc.option(day), async (connectorId, date_limit) => {
        const body = JSON.stringify(date_limit === null ? {} : { date_limit })
        const { received } = await send(connectorId, { body })
        const [, sentId = ''] =
          /^\/contents\/v1\/connectors\/([^/?]+)\/sync$/.exec(received.target ?? '') ?? []
        expect(received.method).toBe('POST')
        expect(sentId).toBe(connectorId.toLowerCase())
        expect(isConnectorId(sentId)).toBe(true)
        const sent: unknown = JSON.parse(received.body)
        expect(isSyncRequest(sent), ajv.errorsText(isSyncRequest.errors)).toBe(true)
        expect(sent).toEqual(JSON.parse(body))
      }),
      { numRuns: 60 }
    )
  })
})

test('the test’s contract accepts no other member and no other date', () => {
  for (const body of [{ date_limit: '2026-1-1' }, { date_limit: null }, { other: 1 }, [], null])
    expect(isSyncRequest(body)).toBe(false)
})
