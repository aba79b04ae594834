import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { chunked, type RequestParts, requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()
const call = (gateway: TestGateway) => ({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket']
const probe = (more: readonly string[]) =>
  requestBytes({ method: 'GET', target: '/livez', framing: null, more })

// They were swallowed up to the end of their packet, and what came in the next one was taken for a request.
test.for<[string, readonly string[], string]>([
  ['garbage', upgrade, 'frames of another protocol'],
  ['nothing in the same packet', upgrade, ''],
  ['half a request', upgrade, 'POST /nowhere HTTP/1.1\r\nContent-Length: 900\r\n\r\n'],
  ['an upgrade that no Connection header names', ['Upgrade: h2c'], ''],
  ['several protocols', ['Connection: keep-alive, Upgrade', 'Upgrade: a, b/2'], 'x']
])(
  'what follows a request that names an upgrade is no request: %s',
  async ([_what, more, behind], { gateway }) => {
    const received = gateway.sandbox.counters().requests
    const connection = await rawConnection(gateway.port)
    connection.write(Buffer.concat([probe(more), Buffer.from(behind)]))
    const [answer] = await connection.answers(1)
    connection.write(syncBytes(call(gateway)))
    const answers = await connection.ended
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect(answer && header(answer, 'connection')).toBe('close')
    expect(gateway.sandbox.counters().requests).toBe(received)
  }
)

test.for<[string, RequestParts]>([
  ['with a length', {}],
  ['in chunks', { body: chunked('{}'), framing: 'Transfer-Encoding: chunked' }]
])(
  'the body of a request that names an upgrade is its own, %s, and nothing behind it is read',
  async ([_what, parts], { gateway }) => {
    const received = gateway.sandbox.counters().requests
    const bytes = syncBytes(call(gateway), { ...parts, more: upgrade })
    for (const cut of [bytes.length, bytes.length - 1, bytes.indexOf('\r\n\r\n') + 4]) {
      const connection = await rawConnection(gateway.port)
      connection.write(bytes.subarray(0, cut))
      await new Promise(resolve => setImmediate(resolve))
      connection.write(Buffer.concat([bytes.subarray(cut), syncBytes(call(gateway))]))
      const answers = await connection.ended
      expect(answers.map(answer => [answer.status, header(answer, 'connection')])).toEqual([[200, 'close']])
    }
    expect(gateway.sandbox.counters().requests).toBe(received + 3)
  }
)
