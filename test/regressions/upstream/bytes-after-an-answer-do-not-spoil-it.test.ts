import { describe, expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const test = testWithGateway()
const call = (gateway: TestGateway) => ({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
const get = (more: readonly string[] = []) => requestBytes({ method: 'GET', target: '/livez', more })

/** Lets the next call wait upstream for a moment, so that what follows it comes while it is made. */
function delayUpstream(gateway: TestGateway): void {
  gateway.sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 40 } })
}

// The connection was cut, and the caller never learnt that its call had been accepted.
describe('a whole request is answered before the bad bytes behind it are refused:', () => {
  test.for([
    ['words', 'hello\r\n\r\n', 'request_malformed'],
    ['bytes', Buffer.from([0x16, 3, 1, 0, 0x0a, 0, 0xff]), 'request_malformed'],
    ['an unknown method', requestBytes({ method: 'FETCH', target: '/livez' }), 'request_malformed'],
    ['CONNECT', requestBytes({ method: 'CONNECT', target: 'a:1' }), 'method_not_allowed'],
    ['over-large headers', get([`X: ${'x'.repeat(9_000)}`]), 'headers_too_large'],
    ['a long target', requestBytes({ method: 'GET', target: `/${'a'.repeat(9_000)}` }), 'uri_too_long'],
    ['an unknown expectation', get(['Expect: more']), 'request_malformed'],
    [
      'another protocol',
      requestBytes({ method: 'GET', target: '/', version: 'RTSP/1.0' }),
      'request_malformed'
    ],
    ['two lengths', get(['Content-Length: 1']), 'request_malformed']
  ] as const)('%s', async ([_what, behind, code], { gateway }) => {
    delayUpstream(gateway)
    const connection = await rawConnection(gateway.port)
    connection.write(Buffer.concat([syncBytes(call(gateway)), Buffer.from(behind as Buffer)]))
    const [first, second, ...more] = await connection.ended
    expect(first?.status).toBe(200)
    expectProblem(second, code)
    expect(more).toEqual([])
  })

  test('bytes that come later, while the call is made', async ({ gateway }) => {
    delayUpstream(gateway)
    const received = gateway.sandbox.counters().requests
    const connection = await rawConnection(gateway.port)
    connection.write(syncBytes(call(gateway)))
    await expect.poll(() => gateway.sandbox.counters().requests).toBe(received + 1)
    connection.write('hello\r\n\r\n')
    expect((await connection.ended).map(({ status }) => status)).toEqual([200, 400])
  })
})

describe('a caller that ends its half behind its request is answered:', () => {
  test('once', async ({ gateway }) => {
    delayUpstream(gateway)
    const connection = await rawConnection(gateway.port)
    connection.write(syncBytes(call(gateway)))
    connection.finish()
    expect((await connection.ended).map(({ status }) => status)).toEqual([200])
  })

  test('each of several requests', async ({ gateway }) => {
    delayUpstream(gateway)
    const connection = await rawConnection(gateway.port)
    connection.write(
      Buffer.concat([syncBytes(call(gateway)), get(), syncBytes(call(gateway), { key: null }), get()])
    )
    connection.finish()
    expect((await connection.ended).map(({ status }) => status)).toEqual([200, 200, 401, 200])
  })

  test('and refused where its last request is not whole', async ({ gateway }) => {
    delayUpstream(gateway)
    const connection = await rawConnection(gateway.port)
    connection.write(Buffer.concat([syncBytes(call(gateway)), syncBytes(call(gateway)).subarray(0, -1)]))
    connection.finish()
    const answers = await connection.ended
    expect(answers.map(({ status }) => status)).toEqual([200, 400])
  })

  test('on the admin listener', async ({ gateway }) => {
    const connection = await rawConnection(gateway.adminPort)
    connection.write(get())
    connection.finish()
    expect((await connection.ended).map(({ status }) => status)).toEqual([200])
  })

  test('over TLS', async ({ tls, startGateway }) => {
    const { GATEWAY_TLS_CLIENT_CA, ...env } = tls.env
    const gateway = await startGateway({ env })
    gateway.sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 40 } })
    const options = { tls: { servername: 'localhost', ca: tls.serverAuthority } }
    const connection = await rawConnection(gateway.port, options)
    connection.write(syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint }))
    connection.finish()
    expect((await connection.ended).map(({ status }) => status)).toEqual([200])
  })
})

test('a connection whose caller has ended its half without a request ends at once', async ({ gateway }) => {
  const silent = await rawConnection(gateway.port)
  silent.finish()
  const served = await rawConnection(gateway.port)
  served.write(get())
  await served.answers(1)
  served.finish()
  const startedAt = performance.now()
  await Promise.all([silent.ended, served.ended])
  expect(performance.now() - startedAt).toBeLessThan(onThisMachine(5_000))
})
