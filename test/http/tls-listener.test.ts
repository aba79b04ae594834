import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect } from 'vitest'
import { test } from '../support/fixtures/test.ts'
import type { TestGateway } from '../support/fixtures/test-gateway.ts'
import type { TlsFolder } from '../support/fixtures/tls-files.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { header } from '../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../support/http/request-bytes.ts'
import { onThisMachine } from '../support/run/bounds.ts'

const probe = requestBytes({ method: 'GET', target: '/livez' })

let tls: TlsFolder
let gateway: TestGateway
test.beforeAll(async ({ tlsOfFile, startGatewayOfFile }) => {
  tls = tlsOfFile
  const { GATEWAY_TLS_CLIENT_CA, ...env } = tls.env
  gateway = await startGatewayOfFile({ env })
})

const trusting = (more = {}) => ({ servername: 'localhost', ca: tls.serverAuthority, ...more })

async function secureSocket(more = {}): Promise<TLSSocket> {
  const socket = connectTls({ port: gateway.port, host: '127.0.0.1', ...trusting(more) })
  await once(socket, 'secureConnect')
  return socket
}

function refusalsLogged(): number {
  return gateway.logged().split('request refused').length
}

async function answersStill(): Promise<void> {
  const [answer] = await rawRequest(gateway.port, probe, { tls: trusting() })
  expect(answer?.status).toBe(200)
}

describe('the listener takes', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', async version => {
    const socket = await secureSocket({ minVersion: version, maxVersion: version })
    expect(socket.getProtocol()).toBe(version)
    socket.destroy()
  })

  test('HTTP/1.1 as the protocol, among others', async () => {
    const socket = await secureSocket({ ALPNProtocols: ['h2', 'http/1.1'] })
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.destroy()
  })

  test('a key, and carries the call', async () => {
    const bytes = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
    const [answer] = await rawRequest(gateway.port, bytes, { tls: trusting() })
    expect(answer?.status).toBe(200)
  })
})

describe('a connection fails, and the others go on,', () => {
  test.concurrent.each<[string, object]>([
    ['with TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['with HTTP/2 alone', { ALPNProtocols: ['h2'] }]
  ])('%s', async (_what, more) => {
    await expect(secureSocket(more)).rejects.toThrow()
    await answersStill()
  })

  test.concurrent.each<[string, string | Buffer]>([
    ['with plain HTTP', probe],
    ['with a key in plain HTTP', requestBytes({ method: 'GET', target: '/livez', key: 'cgw_hush' })],
    ['with words', 'hello\r\n\r\n'],
    ['with half a hello', Buffer.from('160301020001', 'hex')],
    [
      'with a broken hello',
      Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(600, 7)])
    ]
  ])('%s', async (_what, bytes) => {
    const refusals = refusalsLogged()
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    const received: Buffer[] = []
    socket.on('data', chunk => received.push(chunk))
    socket.end(bytes)
    await once(socket, 'close')
    // An alert of TLS at most: nothing of a request, an answer or a key.
    expect(Buffer.concat(received).length).toBeLessThan(16)
    expect(gateway.logged()).not.toContain('hush')
    // Nothing was refused that could have been a request: no answer was made that nobody could get.
    expect(refusalsLogged()).toBe(refusals)
    await answersStill()
  })

  test.concurrent('without a word, for 5 s', async () => {
    const socket = connect(gateway.port, '127.0.0.1')
    const started = performance.now()
    await once(socket.resume(), 'close')
    expect(performance.now() - started).toBeGreaterThan(4_000)
    expect(performance.now() - started).toBeLessThan(onThisMachine(9_000))
  })
})

describe('over TLS, bytes that are not a request are refused with the same envelope:', () => {
  test.each<[string, string | Buffer]>([
    ['words', 'hello hello\r\n\r\n'],
    ['two hosts', requestBytes({ method: 'GET', target: '/livez', more: ['Host: other'] })],
    ['an unknown expectation', requestBytes({ target: '/livez', more: ['Expect: more'] })],
    ['a long header', requestBytes({ method: 'GET', target: '/livez', more: [`X: ${'x'.repeat(9_000)}`] })]
  ])('%s', async (what, bytes) => {
    const connection = await rawConnection(gateway.port, { tls: trusting() })
    connection.write(bytes)
    const [answer] = await connection.ended
    expectProblem(answer, what === 'a long header' ? 'headers_too_large' : 'request_malformed')
  })

  test('a request that does not end', async () => {
    const connection = await rawConnection(gateway.port, { tls: trusting() })
    connection.write('GET /livez HTTP/1.1\r\nHost: a')
    expectProblem((await connection.ended)[0], 'request_timeout')
  })

  test('a second request on the connection gets its answer', async () => {
    const [, second] = await rawRequest(gateway.port, Buffer.concat([probe, probe]), {
      tls: trusting(),
      count: 2
    })
    expect(second?.status).toBe(200)
    expect(second && header(second, 'connection')).toBe('keep-alive')
  })
})

test('the drain finishes the call at work, and ends silent connections, in the handshake too', async ({
  startGateway
}) => {
  const draining = await startGateway({ env: tls.env })
  // Longer than what is silent is waited for.
  draining.sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 2_500 } })
  const handshaking = connect(draining.port, '127.0.0.1')
  const idle = await rawConnection(draining.port, { tls: trusting() })
  const half = await rawConnection(draining.port, { tls: trusting() })
  half.write('GET /livez HTTP/1.1\r\nHost: a')
  const working = await rawConnection(draining.port, { tls: trusting() })
  working.write(syncBytes({ key: draining.key, connectorId: draining.connectors.sharepoint }))
  await expect.poll(() => draining.sandbox.counters().requests).toBe(1)

  const started = performance.now()
  await draining.stop()
  expect(performance.now() - started).toBeLessThan(onThisMachine(5_000))
  expect((await working.ended).map(({ status }) => status)).toEqual([200])
  expect(await idle.ended).toEqual([])
  await half.ended
  handshaking.destroy()
})

test('a caller that sends 20 MB before it reads gets its 413', async () => {
  const socket = (await secureSocket()).pause()
  let got = ''
  socket.on('data', chunk => {
    got += chunk.toString('latin1')
  })
  const closed = new Promise<string>(resolve => {
    socket.on('error', error => resolve(error.message))
    socket.on('close', () => resolve(got.split('\r\n', 1)[0] ?? ''))
  })
  const send = (bytes: Buffer) => new Promise(resolve => socket.write(bytes, resolve))
  const { key, connectors } = gateway
  await send(
    syncBytes({ key, connectorId: connectors.sharepoint }, { body: '', framing: 'Content-Length: 20000000' })
  )
  for (let sent = 0; sent < 20 && !socket.destroyed; sent++) {
    await send(Buffer.alloc(1_000_000, ' '))
    await delay(75)
  }
  socket.resume()
  expect(await closed).toContain('HTTP/1.1 413 ')
})
