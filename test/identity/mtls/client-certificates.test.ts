import { once } from 'node:events'
import { type AddressInfo, Socket } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { ClientCertificates } from '../../../src/identity/mtls/client-certificates.ts'
import { certificateAuthority } from '../../support/fixtures/certificate-authority.ts'
import { testTenant } from '../../support/fixtures/test-app.ts'

const day = 86_400_000
const authority = certificateAuthority()
const server = authority.issue({ subject: [['CN', 'gateway']] })
const client = authority.issue({ usage: 'client', alternativeNames: [{ kind: 'uri', value: 'urn:acme' }] })

/** The listener's end of a connection with the client's certificate. */
async function accepted(): Promise<TLSSocket> {
  const listener = createServer({
    cert: server.certificate,
    key: server.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
    checkServerIdentity: () => undefined
  })
  const [end] = (await once(listener, 'secureConnection')) as [TLSSocket]
  end.on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
    end.destroy()
    listener.close()
  })
  return end
}

const certificates = new ClientCertificates([{ san_uri: 'urn:acme', tenant: 'acme' }], {
  find: name => (name === 'acme' ? testTenant : null)
})

test('a connection that outlives its certificate no longer authenticates anybody', async () => {
  const socket = await accepted()
  const now = Date.now()
  const caller = { tenant: testTenant, keyId: expect.stringMatching(/^mtls:[0-9a-f]{16}$/) }
  expect(certificates.authenticate(socket, now)).toEqual(caller)
  expect(certificates.authenticate(socket, now + 29 * day)).toEqual(caller)
  expect(certificates.authenticate(socket, now + 31 * day)).toBeNull()
  expect(certificates.authenticate(socket, now - 2 * day)).toBeNull()
})

test('a connection without TLS authenticates nobody, whatever it claims', () => {
  const socket = Object.assign(new Socket(), { authorized: true, encrypted: true })
  expect(certificates.authenticate(socket, Date.now())).toBeNull()
})
