import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { marker } from '../support/http/expect-refusal.ts'
import { rawConnection } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })
const garbage = `${marker}\r\n\r\n`

/** Lets the next sync of this connector wait upstream, so that it is in flight for a while. */
function delayUpstream(connector_id: string): void {
  file.gateway.sandbox.faults.set({
    fault: 'delay-before-headers',
    options: { wait_ms: 80 },
    connector_id
  })
}

const outcomes = () => file.gateway.entries().filter(({ kind }) => kind === 'call.outcome').length

describe('bytes behind a request that is still in flight are never answered in its place:', () => {
  test.each([
    ['garbage', garbage],
    ['half a head', 'POST /connectors/'],
    ['a bad header', 'GET /livez HTTP/1.1\r\nHost : a\r\n\r\n'],
    [
      'both framings',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'
    ],
    ['CONNECT', `CONNECT ${marker}:1 HTTP/1.1\r\nHost: a\r\n\r\n`]
  ])('%s', async (_what, bytes) => {
    delayUpstream(call().connectorId)
    const before = outcomes()
    const connection = await rawConnection(file.gateway.port)
    connection.write(Buffer.concat([syncBytes(call()), Buffer.from(bytes, 'latin1')]))
    await expect.poll(outcomes).toBe(before + 1)
    connection.finish()
    const answers = await connection.ended
    expect(answers[0]?.status).toBe(200)
    for (const { status } of answers.slice(1)) expect(status).not.toBe(200)
    expect(JSON.stringify(answers)).not.toContain(marker)
  })

  test('garbage that comes later', async () => {
    delayUpstream(call().connectorId)
    const before = outcomes()
    const received = file.gateway.sandbox.counters().requests
    const connection = await rawConnection(file.gateway.port)
    connection.write(syncBytes(call()))
    await expect.poll(() => file.gateway.sandbox.counters().requests).toBe(received + 1)
    connection.write(garbage)
    const answers = await connection.ended
    expect(answers.map(({ status }) => status)).toEqual([200, 400])
    await expect.poll(outcomes).toBe(before + 1)
  })
})

test('garbage behind an answered request is refused by itself, and the process goes on', async () => {
  const connection = await rawConnection(file.gateway.port)
  connection.write(syncBytes(call()))
  await connection.answers(1)
  connection.write(garbage)
  const [first, second, ...more] = await connection.ended
  expect(first?.status).toBe(200)
  expectProblem(second, 'request_malformed')
  expect(more).toEqual([])
})

test('a body that breaks off in garbage is refused once', async () => {
  const connection = await rawConnection(file.gateway.port)
  connection.write(syncBytes(call(), { body: '2\r\n{', framing: 'Transfer-Encoding: chunked' }))
  connection.write(garbage)
  const answers = await connection.ended
  expect(answers).toHaveLength(1)
  expectProblem(answers[0], 'request_malformed')
})

test('pipelined requests are answered in their order, the slow first one too', async () => {
  const { connectors, key, port } = file.gateway
  delayUpstream(connectors.sharepoint)
  const date = '{"date_limit":"2026-01-01"}'
  const connection = await rawConnection(port)
  connection.write(
    Buffer.concat([
      syncBytes({ key, connectorId: connectors.sharepoint }),
      syncBytes({ key, connectorId: connectors.investment_research }, { body: date }),
      syncBytes({ key: null, connectorId: connectors.email }),
      syncBytes({ key, connectorId: connectors.sharepoint }, { more: ['Connection: close'] })
    ])
  )
  const answers = await connection.ended
  expect(answers.map(({ status, body }) => [status, JSON.parse(body).connector_id])).toEqual([
    [200, connectors.sharepoint],
    [200, connectors.investment_research],
    [401, undefined],
    [200, connectors.sharepoint]
  ])
  expect(
    new Set(answers.flatMap(({ headers }) => headers.filter(([name]) => name === 'x-request-id'))).size
  ).toBe(4)
})
