import { describe, expect } from 'vitest'
import { setTenantDisabled } from '../../../src/tenants/tenants.ts'
import {
  type CertificateOptions,
  certificateAuthority,
  type TestCertificate
} from '../../support/fixtures/certificate-authority.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { type RequestParts, syncBytes } from '../../support/http/request-bytes.ts'
import { withoutId } from '../../support/http/without-id.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const uri = (value: string) => [{ kind: 'uri', value }] as const
const subject = [
  ['O', 'Acme, Inc'],
  ['CN', 'billing']
] as const
const stranger = certificateAuthority('Clients')

let tls: TlsFolder
let gateway: TestGateway<void>
test.beforeAll(async ({ tlsOfFile, startGatewayOfFile }) => {
  tls = tlsOfFile
  gateway = await startGatewayOfFile({
    env: {
      ...tls.env,
      GATEWAY_CLIENT_CERTIFICATES: JSON.stringify([
        { san_uri: 'spiffe://acme/billing', tenant: 'acme' },
        { san_uri: 'spiffe://acme/other', tenant: 'other' },
        { san_uri: 'spiffe://acme/asleep', tenant: 'asleep' },
        { san_uri: 'spiffe://acme/nobody', tenant: 'nobody' },
        { san_uri: 'spiffe://acme/elsewhere', tenant: 'elsewhere' },
        { subject: 'cn=billing, O=Acme\\, Inc', tenant: 'acme' }
      ])
    },
    prepare: async ({ addTenant, administration }) => {
      await addTenant({ name: 'other' })
      await addTenant({ name: 'elsewhere', addresses: ['192.0.2.0/24'] })
      await addTenant({ name: 'asleep' })
      await setTenantDisabled(administration, 'asleep', true)
    }
  })
})

async function call(client: TestCertificate | null, parts: RequestParts = {}): Promise<HttpAnswer> {
  const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, parts)
  const [answer] = await rawRequest(gateway.port, bytes, { from: freshAddress(), tls: connecting(client) })
  if (answer === undefined) throw new Error('no answer')
  return answer
}

const connecting = (client: TestCertificate | null) => ({
  servername: 'localhost',
  ca: tls.serverAuthority,
  ...(client && { cert: client.certificate, key: client.key })
})
const issue = (options: CertificateOptions) => tls.issueClient(options)
const billing = () => issue({ alternativeNames: uri('spiffe://acme/billing') })

describe('a certificate admits its tenant', () => {
  test.each<[string, CertificateOptions]>([
    ['by a URI among its names', { alternativeNames: uri('spiffe://acme/billing') }],
    ['by its subject', { subject }],
    ['by both', { subject, alternativeNames: uri('spiffe://acme/billing') }],
    [
      'beside names of others',
      { alternativeNames: [...uri('urn:x'), { kind: 'dns', value: 'a' }, ...uri('spiffe://acme/billing')] }
    ]
  ])('%s', async (_how, options) => {
    expect((await call(issue(options))).status).toBe(200)
  })

  test('also with TLS 1.2, and for each request on a connection', async () => {
    const connection = await rawConnection(gateway.port, {
      tls: { ...connecting(billing()), maxVersion: 'TLSv1.2' }
    })
    const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint })
    connection.write(Buffer.concat([bytes, bytes]))
    expect((await connection.answers(2)).map(({ status }) => status)).toEqual([200, 200])
    connection.close()
  })

  test('and the ledger names the certificate', async () => {
    const answer = await call(billing())
    const requestId = header(answer, 'x-request-id')
    const [entry] = gateway.entries().filter(({ request_id }) => request_id === requestId)
    expect(entry).toMatchObject({ tenant: 'acme', key_id: expect.stringMatching(/^mtls:[0-9a-f]{16}$/) })
  })
})

const day = 86_400_000
const refused: readonly [string, () => TestCertificate | null][] = [
  ['of nobody', () => null],
  [
    'of another authority of the same name',
    () => stranger.issue({ usage: 'client', alternativeNames: uri('spiffe://acme/billing') })
  ],
  [
    'of the authority of servers',
    () => tls.issueServer({ alternativeNames: uri('spiffe://acme/billing'), usage: 'client' })
  ],
  ['for servers', () => issue({ alternativeNames: uri('spiffe://acme/billing'), usage: 'server' })],
  [
    'that has ended',
    () => issue({ alternativeNames: uri('spiffe://acme/billing'), to: new Date(Date.now() - day / 2) })
  ],
  [
    'that has not begun',
    () => issue({ alternativeNames: uri('spiffe://acme/billing'), from: new Date(Date.now() + day / 2) })
  ],
  ['that is not mapped', () => issue({ alternativeNames: uri('spiffe://acme/billing/') })],
  [
    'that is mapped to two tenants',
    () => issue({ alternativeNames: [...uri('spiffe://acme/billing'), ...uri('spiffe://acme/other')] })
  ],
  ['of a disabled tenant', () => issue({ alternativeNames: uri('spiffe://acme/asleep') })],
  ['of a tenant that does not exist', () => issue({ alternativeNames: uri('spiffe://acme/nobody') })],
  [
    'with the URI in another name',
    () => issue({ alternativeNames: [{ kind: 'dns', value: 'x, URI:spiffe://acme/billing' }] })
  ],
  [
    'with the URI cut by an end of text',
    () => issue({ alternativeNames: uri('spiffe://acme/billing\0.evil') })
  ],
  ['with the URI as its subject', () => issue({ subject: [['CN', 'spiffe://acme/billing']] })],
  ['with the subject in one part', () => issue({ subject: [['CN', 'billing,O=Acme\\, Inc']] })],
  ['with the subject in another order', () => issue({ subject: [...subject].reverse() })],
  ['without any name', () => issue({})]
]

test.each(refused)(
  'a certificate %s gets the same 401 as a bad key, byte for byte',
  async (_what, client) => {
    const [answer, wanted] = await Promise.all([call(client()), call(null, { key: 'wrong' })])
    expectProblem(answer, 'credentials_invalid')
    expect(withoutId(answer)).toStrictEqual(withoutId(wanted))
  }
)

describe('ledger and log say why a certificate was rejected, and whose it is:', () => {
  const named = { key_id: expect.stringMatching(/^mtls:[0-9a-f]{16}$/) }
  test.each<[string, () => TestCertificate | null, object]>([
    ['none', () => null, { reason: 'missing' }],
    [
      'of another authority',
      () => stranger.issue({ usage: 'client', alternativeNames: uri('spiffe://acme/billing') }),
      { reason: 'unknown' }
    ],
    [
      'that has ended',
      () => issue({ alternativeNames: uri('spiffe://acme/billing'), to: new Date(Date.now() - day / 2) }),
      { reason: 'expired' }
    ],
    ['that is not mapped', () => issue({ alternativeNames: uri('urn:x') }), { reason: 'unknown', ...named }],
    [
      'that is mapped to two tenants',
      () => issue({ alternativeNames: [...uri('spiffe://acme/billing'), ...uri('spiffe://acme/other')] }),
      { reason: 'unknown', ...named }
    ],
    [
      'of a disabled tenant',
      () => issue({ alternativeNames: uri('spiffe://acme/asleep') }),
      { reason: 'tenant_disabled', tenant: 'asleep', ...named }
    ],
    [
      'of a tenant that does not exist',
      () => issue({ alternativeNames: uri('spiffe://acme/nobody') }),
      { reason: 'unknown', ...named }
    ],
    [
      'from an address that is not allowed',
      () => issue({ alternativeNames: uri('spiffe://acme/elsewhere') }),
      { reason: 'address', tenant: 'elsewhere', ...named }
    ]
  ])('%s', async (_what, client, why) => {
    const requestId = JSON.parse((await call(client())).body).request_id
    const entryOf = () => gateway.entries().find(({ request_id }) => request_id === requestId)
    const lineOf = () =>
      gateway
        .logged()
        .split('\n')
        .find(line => line.includes(requestId))
    await expect.poll(entryOf).toBeDefined()
    await expect.poll(lineOf).toBeDefined()
    for (const { reason, tenant, key_id } of [entryOf() ?? {}, JSON.parse(lineOf() ?? '')] as Partial<
      Record<string, unknown>
    >[])
      expect({ reason, tenant, key_id }).toEqual({ tenant: undefined, key_id: undefined, ...why })
  })
})

describe('a credential in a header takes precedence over the certificate:', () => {
  test.each<[string, () => RequestParts, number]>([
    ['a good key', () => ({ key: gateway.key }), 200],
    ['a bad key', () => ({ key: 'wrong' }), 401],
    ['an empty one', () => ({ more: ['Authorization:'] }), 401],
    ['an empty API key', () => ({ more: ['X-API-KEY:'] }), 401],
    ['something that is no key', () => ({ more: ['Authorization: Basic eDp5'] }), 401]
  ])('%s', async (_what, parts, status) => {
    expect((await call(billing(), parts())).status).toBe(status)
  })

  test('a good key needs no certificate, and a bad certificate does it no harm', async () => {
    expect((await call(null, { key: gateway.key })).status).toBe(200)
    expect((await call(stranger.issue({ usage: 'client' }), { key: gateway.key })).status).toBe(200)
  })

  test('the key names the caller, not the certificate', async () => {
    const other = issue({ alternativeNames: uri('spiffe://acme/other') })
    const requestId = header(await call(other, { key: gateway.key }), 'x-request-id')
    const entries = gateway.entries().filter(entry => entry.request_id === requestId)
    expect(entries.map(({ tenant }) => tenant)).toEqual(['acme', 'acme'])
  })
})

test('an open connection is refused as soon as its tenant is disabled', async () => {
  const connection = await rawConnection(gateway.port, {
    tls: connecting(issue({ alternativeNames: uri('spiffe://acme/other') }))
  })
  const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint })
  connection.write(bytes)
  expect((await connection.answers(1)).map(({ status }) => status)).toEqual([200])
  await setTenantDisabled(gateway.administration, 'other', true)
  let sent = 1
  await expect
    .poll(
      async () => {
        connection.write(bytes)
        return (await connection.answers(++sent)).at(-1)?.status
      },
      { timeout: onThisMachine(2_000) }
    )
    .toBe(401)
  connection.close()
})
