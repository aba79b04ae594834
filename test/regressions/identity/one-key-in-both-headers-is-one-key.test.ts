import { describe, expect } from 'vitest'
import { mintApiKey } from '../../../src/tenants/keys/api-key.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { makeToken, signingKey, testIssuer } from '../../support/fixtures/token-issuer.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const issuersKey = signingKey('es')
let gateway: TestGateway<Awaited<ReturnType<typeof issueAdminKeys>>>
test.beforeAll(async ({ startKeySetServerOfFile, startGatewayOfFile }) => {
  const issuer = await startKeySetServerOfFile([issuersKey])
  const trusted = { name: 'company', ...testIssuer, jwks: issuer.url, algorithms: ['ES256'] }
  gateway = await startGatewayOfFile({
    env: { GATEWAY_JWT_ISSUERS: JSON.stringify([trusted]) },
    prepare: issueAdminKeys
  })
})

/** A sync with these header lines and no others that say who asks. */
function bytes(...more: string[]): Buffer {
  return syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, { more })
}

describe('a client that fills in every scheme it knows sends its credential in both headers, and is served:', () => {
  test.each([
    ['a key', () => gateway.key],
    ['a token', () => makeToken(issuersKey)]
  ])('%s', async (_what, credentialOf) => {
    const credential = credentialOf()
    for (const scheme of ['Bearer', 'bearer ', 'BEARER']) {
      const lines = [`X-API-KEY: ${credential}`, `Authorization: ${scheme} ${credential}`]
      const [answer] = await rawRequest(gateway.port, bytes(...lines))
      expect(answer?.status, answer?.body).toBe(200)
    }
  })

  test('an administrator is served as well', async () => {
    const { viewer } = gateway.prepared
    const more = [`X-API-KEY: ${viewer}`]
    const asked = requestBytes({ method: 'GET', target: '/admin/tenants', key: viewer, more, framing: null })
    expect((await rawRequest(gateway.adminPort, asked))[0]?.status).toBe(200)
  })
})

describe('two different credentials are refused, and the answer says so:', () => {
  test.each<[string, () => string, () => string]>([
    ['two keys', () => `Bearer ${gateway.key}`, () => mintApiKey(gateway.pepper).key],
    ['a key and its beginning', () => `Bearer ${gateway.key}`, () => gateway.key.slice(0, -1)],
    ['a key and nothing', () => `Bearer ${gateway.key}`, () => ''],
    ['a token and a key', () => `Bearer ${makeToken(issuersKey)}`, () => gateway.key],
    ['a key without its scheme', () => gateway.key, () => gateway.key],
    ['a scheme in both', () => `Bearer ${gateway.key}`, () => `Bearer ${gateway.key}`],
    ['another scheme', () => `Basic ${gateway.key}`, () => gateway.key],
    ['nothing in either', () => '', () => '']
  ])('%s', async (_what, authorization, apiKey) => {
    const lines = [`Authorization: ${authorization()}`, `X-API-KEY: ${apiKey()}`]
    const { detail } = await expectRefusal(gateway, bytes(...lines), 'request_malformed')
    expect(detail).toBe(
      'Authorization and X-API-KEY hold different credentials: send one of them, or the same in both.'
    )
  })
})

test('the same invalid credential in both gets the usual 401', async () => {
  const { key } = mintApiKey(gateway.pepper)
  const refused = await expectRefusal(
    gateway,
    bytes(`Authorization: Bearer ${key}`, `X-API-KEY: ${key}`),
    'credentials_invalid'
  )
  expect(refused.code).toBe('credentials_invalid')
  const answer = await askAdmin(gateway.adminPort, { target: '/admin/tenants', key })
  expect(header(answer, 'www-authenticate')).toBe('Bearer')
})
