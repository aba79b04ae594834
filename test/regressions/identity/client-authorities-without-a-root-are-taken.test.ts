import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type CertificateAuthority,
  certificateAuthority,
  type TestCertificate
} from '../../support/fixtures/certificate-authority.ts'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { type TlsFolder, tlsFolder } from '../../support/fixtures/tls-files.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const uri = 'spiffe://acme/billing'
const names = { usage: 'client', alternativeNames: [{ kind: 'uri', value: uri }] } as const

let tls: TlsFolder
let root: CertificateAuthority
let services: CertificateAuthority
let gateway: TestGateway | undefined
beforeEach(() => {
  tls = tlsFolder()
  root = certificateAuthority('Root')
  services = root.below('Services')
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  tls.close()
})

function trust(pem: string): void {
  writeFileSync(tls.env.GATEWAY_TLS_CLIENT_CA.slice('file:'.length), pem)
}

async function start(): Promise<TestGateway> {
  const mappings = JSON.stringify([{ san_uri: uri, tenant: 'acme' }])
  return await startTestGateway({ env: { ...tls.env, GATEWAY_CLIENT_CERTIFICATES: mappings } })
}

async function statusOf({ port, connectors }: TestGateway, { certificate: cert, key }: TestCertificate) {
  const bytes = syncBytes({ key: null, connectorId: connectors.sharepoint })
  const connecting = { servername: 'localhost', ca: tls.serverAuthority, cert, key }
  return (await rawRequest(port, bytes, { from: freshAddress(), tls: connecting }))[0]?.status
}

test('an intermediate authority admits its own certificates, and no others', async () => {
  trust(services.certificate)
  gateway = await start()
  const others = root.below('Others').issue(names)
  expect(await statusOf(gateway, services.issue(names))).toBe(200)
  expect(await statusOf(gateway, root.issue(names))).toBe(401)
  expect(await statusOf(gateway, others)).toBe(401)
  expect(await statusOf(gateway, certificateAuthority('Services').issue(names))).toBe(401)
  const ended = services.issue({ ...names, to: new Date(Date.now() - 1000) })
  expect(await statusOf(gateway, ended)).toBe(401)
})

test('an intermediate authority that replaces another while the gateway runs admits its own certificates', async () => {
  trust(root.certificate)
  const running = await start()
  gateway = running
  const others = root.below('Others')
  const own = others.issue(names)
  // Without those between it and the root in the file, a caller has to send them.
  expect(await statusOf(running, own)).toBe(401)
  trust(others.certificate)
  await expect.poll(() => statusOf(running, own), { timeout: 10_000 }).toBe(200)
  expect(await statusOf(running, services.issue(names))).toBe(401)
})
