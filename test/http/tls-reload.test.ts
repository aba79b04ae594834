import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { afterEach, describe, expect } from 'vitest'
import { ConfigError } from '../../src/config/error.ts'
import type { TlsFiles } from '../../src/config/tls-files.ts'
import { openTls, type TlsSource } from '../../src/http/tls-reload.ts'
import type { CertificateOptions } from '../support/fixtures/certificate-authority.ts'
import { type RecordedEvent, recordEvents } from '../support/fixtures/recorded-events.ts'
import { test } from '../support/fixtures/test.ts'
import type { TlsFolder } from '../support/fixtures/tls-files.ts'

const day = 86_400_000

let folder: TlsFolder
let files: TlsFiles
let published: RecordedEvent[]
let cleanups: (() => void)[]
test.beforeEach(({ tls }) => {
  folder = tls
  const {
    GATEWAY_TLS_CERT: certificate,
    GATEWAY_TLS_KEY: key,
    GATEWAY_TLS_CLIENT_CA: clientAuthority
  } = folder.env
  files = { certificate, key, clientAuthority }
  published = []
  cleanups = []
})
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

async function open(): Promise<TlsSource> {
  const { events, recorded } = recordEvents()
  published = recorded
  return await openTls(files, events)
}

/** A server that follows the files, many times a second. */
async function follow(now = Date.now): Promise<{ port: number; server: Server; source: TlsSource }> {
  const source = await open()
  const server = createServer(source.material.context(), (_request, response) => response.end('here'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = source.follow(server, { everyMs: 10, now })
  cleanups.push(() => {
    stop()
    server.closeAllConnections()
    server.close()
  })
  return { source, server, port: (server.address() as AddressInfo).port }
}

async function connected(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: folder.serverAuthority })
  await once(socket, 'secureConnect')
  cleanups.push(() => socket.destroy())
  return socket
}

/** The name on the certificate that a new connection is shown. */
async function shown(port: number): Promise<string | undefined> {
  const socket = await connected(port)
  const subject = socket.getPeerX509Certificate()?.subject
  socket.destroy()
  return subject
}

async function answer(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString().split('\r\n').at(-1) ?? ''
}

const named = (name: string, more: CertificateOptions = {}) =>
  folder.issueServer({ subject: [['CN', name]], ...more })
const refusals = () => published.filter(([name]) => name === 'certificate.rejected')
const reasons = () => refusals().map(([, { err }]) => (err as Error).message)

test('a new pair is used for new connections, and open ones go on', async () => {
  const { port } = await follow()
  const before = await connected(port)
  expect(await answer(before)).toBe('here')
  const next = named('next')
  folder.writeCertificate(next.certificate)
  folder.writeKey(next.key)
  await expect.poll(() => shown(port)).toBe('CN=next')
  expect(await answer(before)).toBe('here')
  expect(before.getPeerX509Certificate()?.subject).toBe('CN=gateway')
})

test('half a pair is not used, and the pair is as soon as it is complete', async () => {
  const { port } = await follow()
  const next = named('next')
  folder.writeKey(next.key)
  await expect.poll(reasons).toEqual(['GATEWAY_TLS_KEY: is not the key of the certificate'])
  expect(await shown(port)).toBe('CN=gateway')
  folder.writeCertificate(next.certificate)
  await expect.poll(() => shown(port)).toBe('CN=next')
})

test('a bad new file is reported once, and the old one stays until a good one comes', async () => {
  const { port } = await follow()
  const first = named('first')
  folder.writeCertificate('-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----\n')
  await expect.poll(reasons).toEqual(['GATEWAY_TLS_CERT: holds no certificate in PEM'])
  folder.writeKey('hush')
  await expect.poll(() => refusals().length).toBe(2)
  expect(await shown(port)).toBe('CN=gateway')
  folder.writeCertificate(first.certificate)
  folder.writeKey(first.key)
  await expect.poll(() => shown(port)).toBe('CN=first')
  expect(inspect(published, { depth: 9 })).not.toContain('hush')
})

test('an expired new certificate is not used', async () => {
  const { port } = await follow()
  const next = named('next', { from: new Date(Date.now() - 2 * day), to: new Date(Date.now() - day) })
  folder.writeKey(next.key)
  folder.writeCertificate(next.certificate)
  await expect.poll(() => reasons().at(-1)).toBe('GATEWAY_TLS_CERT: has expired')
  expect(await shown(port)).toBe('CN=gateway')
})

test('unusable files are reported until they are usable, and so is an expired certificate', async () => {
  const { source, port } = await follow()
  const inTwoYears = Date.now() + 730 * day
  expect([source.isBehindFiles(), source.hasExpired(Date.now())]).toEqual([false, false])
  expect(source.hasExpired(inTwoYears)).toBe(true)
  const next = named('next', { to: new Date(inTwoYears + day) })
  folder.writeCertificate(next.certificate)
  await expect.poll(source.isBehindFiles).toBe(true)
  folder.writeKey(next.key)
  await expect.poll(() => shown(port)).toBe('CN=next')
  expect([source.isBehindFiles(), source.hasExpired(inTwoYears)]).toEqual([false, false])
})

describe('reading a certificate logs when it expires:', () => {
  test.each([
    [30, 'certificate.read'],
    [15, 'certificate.read'],
    [13, 'certificate.expiring'],
    [-1, 'certificate.expiring']
  ] as const)('%i days before, as %s', async (days, event) => {
    const to = new Date(Date.now() + days * day + day / 2)
    const { certificate, key } = named('gateway', { from: new Date(Date.now() - 9 * day), to })
    folder.writeCertificate(certificate)
    folder.writeKey(key)
    await open()
    const notAfter = new X509Certificate(certificate).validToDate.toISOString()
    expect(published).toEqual([[event, { not_after: notAfter, days_left: days }]])
  })
})

describe('the start is refused, with every fault at once, when', () => {
  test.each<[string, () => void, string[]]>([
    ['the key is of another certificate', () => folder.writeKey(named('next').key), ['GATEWAY_TLS_KEY']],
    ['there is no key in its file', () => folder.writeKey('hush'), ['GATEWAY_TLS_KEY']],
    [
      'there is nothing in either',
      () => [folder.writeKey(''), folder.writeCertificate('')],
      ['GATEWAY_TLS_CERT', 'GATEWAY_TLS_KEY']
    ],
    [
      'a key stands for the authority',
      () => {
        files = { ...files, clientAuthority: files.key }
      },
      ['GATEWAY_TLS_CLIENT_CA']
    ],
    [
      'files are not there',
      () => {
        files = { certificate: 'file:/nowhere', key: 'file:/', clientAuthority: null }
      },
      ['GATEWAY_TLS_CERT', 'GATEWAY_TLS_KEY']
    ]
  ])('%s', async (_what, spoil, keys) => {
    spoil()
    const error: unknown = await open().catch(reason => reason)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).faults.map(({ key }) => key).sort()).toEqual(keys)
    expect(inspect(error, { depth: 9 })).not.toMatch(/hush|PRIVATE/)
  })
})

test('printing the material or the server does not print the key', async () => {
  const source = await open()
  expect(inspect(source, { depth: 9, showHidden: true })).not.toContain('PRIVATE KEY')
  expect(JSON.stringify(source)).not.toContain('PRIVATE KEY')
})
