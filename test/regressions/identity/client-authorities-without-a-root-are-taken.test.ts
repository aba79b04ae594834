import { writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import {
  type CertificateAuthority,
  certificateAuthority,
  type TestCertificate
} from '../../support/fixtures/certificate-authority.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const uri = 'spiffe://acme/billing'
const names = { usage: 'client', alternativeNames: [{ kind: 'uri', value: uri }] } as const

let tls: TlsFolder
let root: CertificateAuthority
let services: CertificateAuthority
test.beforeEach(({ tls: made }) => {
  tls = made
  root = certificateAuthority('Root')
  services = root.below('Services')
})

function trust(pem: string): void {
  writeFileSync(tls.env.GATEWAY_TLS_CLIENT_CA.slice('file:'.length), pem)
}

const env = () => ({
  ...tls.env,
  GATEWAY_CLIENT_CERTIFICATES: JSON.stringify([{ san_uri: uri, tenant: 'acme' }])
})

async function statusOf({ port, connectors }: TestGateway, { certificate: cert, key }: TestCertificate) {
  const bytes = syncBytes({ key: null, connectorId: connectors.sharepoint })
  const connecting = { servername: 'localhost', ca: tls.serverAuthority, cert, key }
  return (await rawRequest(port, bytes, { from: freshAddress(), tls: connecting }))[0]?.status
}

test('an intermediate authority admits its own certificates, and no others', async ({ startGateway }) => {
  trust(services.certificate)
  const gateway = await startGateway({ env: env() })
  const others = root.below('Others').issue(names)
  expect(await statusOf(gateway, services.issue(names))).toBe(200)
  expect(await statusOf(gateway, root.issue(names))).toBe(401)
  expect(await statusOf(gateway, others)).toBe(401)
  expect(await statusOf(gateway, certificateAuthority('Services').issue(names))).toBe(401)
  const ended = services.issue({ ...names, to: new Date(Date.now() - 1000) })
  expect(await statusOf(gateway, ended)).toBe(401)
})

test('an intermediate authority that replaces another while the gateway runs admits its own certificates', async ({
  startGateway
}) => {
  trust(root.certificate)
  const running = await startGateway({ env: env() })
  const others = root.below('Others')
  const own = others.issue(names)
  // Without those between it and the root in the file, a caller has to send them.
  expect(await statusOf(running, own)).toBe(401)
  trust(others.certificate)
  await expect.poll(() => statusOf(running, own), { timeout: 10_000 }).toBe(200)
  expect(await statusOf(running, services.issue(names))).toBe(401)
})
