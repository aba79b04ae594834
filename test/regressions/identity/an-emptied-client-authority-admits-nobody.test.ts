import { writeFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, expect } from 'vitest'
import { openTls } from '../../../src/http/tls-reload.ts'
import { certificateAuthority, type TestCertificate } from '../../support/fixtures/certificate-authority.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const uri = 'spiffe://acme/billing'
const names = { usage: 'client', alternativeNames: [{ kind: 'uri', value: uri }] } as const

let tls: TlsFolder
let before: string[]
test.beforeEach(({ tls: made }) => {
  tls = made
  before = getCACertificates('default')
})
afterEach(() => setDefaultCACertificates(before))

const empty = () => writeFileSync(tls.env.GATEWAY_TLS_CLIENT_CA.slice('file:'.length), '')

// Rewriting the file empties it first: for a moment every authority that Node knows of could vouch for callers.
test('an emptied file of authorities adds no authority, and the old ones stay', async ({ startGateway }) => {
  const everybodys = certificateAuthority('One that Node trusts')
  setDefaultCACertificates([...before, everybodys.certificate])
  const mappings = JSON.stringify([{ san_uri: uri, tenant: 'acme' }])
  const gateway = await startGateway({ env: { ...tls.env, GATEWAY_CLIENT_CERTIFICATES: mappings } })
  const statusOf = async ({ certificate: cert, key }: TestCertificate) => {
    const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint })
    const connecting = { servername: 'localhost', ca: tls.serverAuthority, cert, key }
    return (await rawRequest(gateway.port, bytes, { from: freshAddress(), tls: connecting }))[0]?.status
  }
  const [own, stranger] = [tls.issueClient(names), everybodys.issue(names)]
  expect([await statusOf(own), await statusOf(stranger)]).toEqual([200, 401])
  const reported = () => gateway.logged().match(/certificate\.(read|rejected)/g)?.length
  expect(reported()).toBe(1)
  empty()
  await expect.poll(reported, { timeout: onThisMachine(5_000) }).toBe(2)
  expect([await statusOf(own), await statusOf(stranger)]).toEqual([200, 401])
  expect(gateway.logged()).toContain('GATEWAY_TLS_CLIENT_CA: holds no certificate in PEM')
})

test('an empty file of authorities fails the start', async () => {
  empty()
  const {
    GATEWAY_TLS_CERT: certificate,
    GATEWAY_TLS_KEY: key,
    GATEWAY_TLS_CLIENT_CA: clientAuthority
  } = tls.env
  const { events } = recordEvents()
  await expect(openTls({ certificate, key, clientAuthority }, events)).rejects.toThrow(
    'GATEWAY_TLS_CLIENT_CA: holds no certificate in PEM'
  )
})
