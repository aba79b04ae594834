import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Transport } from '../../src/upstream/transport/transport.ts'
import { unreachableCause, unreachableCauses } from '../../src/upstream/unreachable-cause.ts'
import { certificateAuthority } from '../support/fixtures/certificate-authority.ts'
import { askAs } from '../support/http/ask-as.ts'
import { rawUpstream } from '../support/http/raw-upstream.ts'
import {
  closedPort,
  type Listening,
  listenWith,
  listenWithTls
} from '../support/http/unreachable-upstream.ts'
import { propertySeed } from '../support/scenario/seed.ts'

const seed = propertySeed()
const trusted = certificateAuthority('Trusted')
const dayMs = 86_400_000
const trustedBefore = getCACertificates('default')
beforeAll(() => setDefaultCACertificates([trusted.certificate]))
afterAll(() => setDefaultCACertificates(trustedBefore))

async function open<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
  const opened = await opening
  onTestFinished(() => opened.close())
  return opened
}

const ours = { alternativeNames: [{ kind: 'dns', value: 'localhost' }] } as const

async function overTls(options: Parameters<typeof trusted.issue>[0], more = {}): Promise<string> {
  const { port } = await open(listenWithTls(trusted.issue(options), more))
  return `https://localhost:${port}`
}

async function behind(scheme: 'http' | 'https', listening: Promise<Listening>): Promise<string> {
  return `${scheme}://localhost:${(await open(listening)).port}`
}

describe('the cause of a failed connection is one word of a closed list:', () => {
  test.each<[string, string, () => string | Promise<string>]>([
    ['dns', 'a name that does not resolve', () => 'https://something.invalid'],
    ['refused', 'a port on which nobody listens', async () => `http://127.0.0.1:${await closedPort()}`],
    ['unreachable', 'an address to which no way leads', () => 'http://255.255.255.255:80'],
    [
      'tls_name',
      'a certificate for another name',
      () => overTls({ alternativeNames: [{ kind: 'dns', value: 'another.example' }] })
    ],
    [
      'tls_authority',
      'a certificate of an authority that nobody knows',
      () => behind('https', listenWithTls(certificateAuthority('Foreign').issue(ours)))
    ],
    [
      'tls_authority',
      'one of another authority with the name of ours',
      () => behind('https', listenWithTls(certificateAuthority('Trusted').issue(ours)))
    ],
    [
      'tls_expired',
      'a certificate that has expired',
      () => overTls({ ...ours, from: new Date(Date.now() - 9 * dayMs), to: new Date(Date.now() - dayMs) })
    ],
    [
      'tls_expired',
      'a certificate that is not valid yet',
      () => overTls({ ...ours, from: new Date(Date.now() + dayMs), to: new Date(Date.now() + 9 * dayMs) })
    ],
    ['tls_other', 'a certificate for something else', () => overTls({ ...ours, usage: 'client' })],
    [
      'tls_protocol',
      'plain HTTP behind https',
      () =>
        behind(
          'https',
          listenWith(socket => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
        )
    ],
    [
      'tls_protocol',
      'versions of TLS that are too old',
      () => overTls(ours, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
    ],
    [
      'tls_protocol',
      'no cipher in common',
      () => overTls(ours, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })
    ],
    ['tls_protocol', 'another protocol in TLS', () => overTls(ours, { ALPNProtocols: ['h2'] })],
    [
      'reset',
      'a connection that is reset in the handshake',
      () =>
        behind(
          'https',
          listenWith(socket => socket.once('data', () => socket.resetAndDestroy()))
        )
    ],
    [
      'closed',
      'a connection that is ended in the handshake',
      () =>
        behind(
          'https',
          listenWith(socket => socket.once('data', () => socket.end()))
        )
    ],
    [
      'closed',
      'a connection that is ended as it is made',
      () =>
        behind(
          'http',
          listenWith(socket => socket.end())
        )
    ],
    [
      'not_http',
      'a server that speaks first',
      () =>
        behind(
          'http',
          listenWith(socket => socket.write('SSH-2.0-OpenSSH_9.9\r\n'))
        )
    ]
  ])('%s: %s', async (cause, _what, origin) => {
    const { found, outcome } = await askAs('bd_v2_a_key', await origin())
    expect(found).toEqual({
      request_id: expect.any(String),
      code: 'upstream_unreachable',
      reached: false,
      cause,
      key: 'unproven'
    })
    expect(outcome).toMatchObject({ code: 'upstream_unreachable', forwarded: 'no', cause })
  })

  test('timeout: a server that accepts and says nothing', async () => {
    const origin = await behind(
      'https',
      listenWith(() => {})
    )
    const transport = new Transport({ origin, connectMs: 100 })
    onTestFinished(() => transport.close())
    const exchange = await transport.send({
      method: 'GET',
      path: '/',
      headers: [],
      body: null,
      deadlineAt: performance.now() + 60_000,
      abandoned: () => false,
      waitSeconds: () => 0,
      containsKey: () => false,
      classify: response => response,
      isProven: () => false
    })
    expect(exchange).toMatchObject({ kind: 'failure', sent: false })
    expect(exchange.kind === 'failure' && unreachableCause(exchange.error)).toBe('timeout')
  })
})

test('a deadline that passes while the connection is being made is a timeout of the connection', async () => {
  const origin = await behind(
    'https',
    listenWith(() => {})
  )
  const { found, outcome } = await askAs('bd_v2_a_key', origin, 50)
  expect(found).toMatchObject({ code: 'upstream_timeout', reached: false, cause: 'timeout' })
  expect(outcome).toMatchObject({ code: 'upstream_timeout', forwarded: 'no', cause: 'timeout' })
})

describe('a connection that ends before the answer says how', () => {
  test.each(['reset', 'closed'] as const)('%s', async cause => {
    const upstream = await open(
      rawUpstream({
        request: (_request, socket) => (cause === 'reset' ? socket.resetAndDestroy() : socket.end())
      })
    )
    const { found, outcome } = await askAs('bd_v2_a_key', upstream.origin)
    expect(found).toMatchObject({ code: 'upstream_failed', reached: false, cause, key: 'unproven' })
    expect(outcome).toMatchObject({ code: 'upstream_failed', forwarded: 'unknown', cause })
  })
})

describe(`any error (seed ${seed})`, () => {
  const anyCode = fc.oneof(
    fc.string(),
    fc.constantFrom('toString', '__proto__', 'constructor', 'ERR_SSL_', 'EAI_X', 'HPE_Y', 'ECONNRESET')
  )

  test('its cause is in the list', () => {
    fc.assert(
      fc.property(fc.anything(), thrown => {
        expect(unreachableCauses).toContain(unreachableCause(thrown))
      }),
      { seed }
    )
    fc.assert(
      fc.property(anyCode, fc.string(), (code, message) => {
        expect(unreachableCauses).toContain(unreachableCause(Object.assign(new Error(message), { code })))
      }),
      { seed }
    )
  })

  test('an error that is its own cause has one', () => {
    const error: Error & { cause?: unknown } = new Error('round and round')
    error.cause = error
    expect(unreachableCause(error)).toBe('other')
  })

  test('the first of several tried addresses decides', () => {
    const refused = Object.assign(new Error(), { code: 'ECONNREFUSED' })
    const away = Object.assign(new Error(), { code: 'ENETUNREACH' })
    expect(unreachableCause(new AggregateError([away, refused]))).toBe('unreachable')
    expect(unreachableCause(new Error('undici', { cause: refused }))).toBe('refused')
  })
})
