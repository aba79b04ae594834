import { describe, expect } from 'vitest'
import { issueAdminKey } from '../../src/tenants/keys/admin-keys.ts'
import { checksum, mintApiKey } from '../../src/tenants/keys/api-key.ts'
import { issueKey, revokeKey } from '../../src/tenants/keys/keys.ts'
import { setTenantDisabled } from '../../src/tenants/tenants.ts'
import { test } from '../support/fixtures/test.ts'
import type { TestAdministration, TestGateway } from '../support/fixtures/test-gateway.ts'
import { makeToken, signingKey, testIssuer } from '../support/fixtures/token-issuer.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { freshAddress } from '../support/http/fresh-address.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, syncBytes } from '../support/http/request-bytes.ts'
import { withoutId } from '../support/http/without-id.ts'

/** A key for each reason for which a well-formed key is refused. */
async function badKeys({ administration, pepper, adminPepper, addTenant }: TestAdministration) {
  const expired = await issueKey(
    { ...administration, clock: () => new Date('2020-01-01') },
    pepper,
    'acme',
    new Date('2020-01-02')
  )
  const revoked = await issueKey(administration, pepper, 'acme', null)
  await revokeKey(administration, revoked.key_id)
  const disabled = await addTenant({ name: 'asleep' })
  await setTenantDisabled(administration, 'asleep', true)
  const elsewhere = await addTenant({ name: 'elsewhere', addresses: ['192.0.2.0/24'] })
  const wanted = { name: 'operator', role: 'operator', expiresAt: null } as const
  const admin = await issueAdminKey(administration, adminPepper, wanted)
  return { expired: expired.key, revoked: revoked.key, disabled, elsewhere, admin: admin.key }
}

const [issuersKey, strangersKey] = [signingKey('es'), signingKey('es')]
let gateway: TestGateway<Awaited<ReturnType<typeof badKeys>>>
test.beforeAll(async ({ startKeySetServerOfFile, startGatewayOfFile }) => {
  const issuer = await startKeySetServerOfFile([issuersKey])
  const trusted = { name: 'company', ...testIssuer, jwks: issuer.url, algorithms: ['ES256'] }
  const env = { GATEWAY_JWT_ISSUERS: JSON.stringify([trusted]) }
  gateway = await startGatewayOfFile({ env, prepare: badKeys })
})

function swapped(key: string): string {
  const [last, before] = [key.at(-1), key.at(-2)]
  return key.slice(0, -2) + (last === before ? '00' : `${last}${before}`)
}

/** The key with one character of its secret replaced, and a checksum that is right for that. */
function withWrongSecret(key: string, position: number): string {
  const unchecked = key.slice(0, position) + (key[position] === 'A' ? 'B' : 'A') + key.slice(position + 1, -6)
  return unchecked + checksum(unchecked)
}

function withIdOfAnother(key: string, secret: string): string {
  const unchecked = key.slice(0, 21) + secret.slice(21, -6)
  return unchecked + checksum(unchecked)
}

const authorization = (value: string): RequestParts => ({ more: [`Authorization: ${value}`] })
const bearer = (key: string) => authorization(`Bearer ${key}`)
const apiKey = (key: string): RequestParts => ({ more: [`X-API-KEY: ${key}`] })

/** Every kind of bad credential, to be sent in either header. */
const bad: readonly [string, () => string][] = [
  ['empty', () => ''],
  ['malformed', () => 'hello'],
  ['very long', () => 'a'.repeat(4000)],
  ['unknown', () => mintApiKey(gateway.pepper).key],
  ['unknown, though its secret is that of a key', () => withIdOfAnother(mintKey(), gateway.key)],
  ['wrong in the first character of its secret', () => withWrongSecret(gateway.key, 21)],
  ['wrong in the last character of its secret', () => withWrongSecret(gateway.key, 63)],
  ['of another secret', () => withIdOfAnother(gateway.key, mintKey())],
  ['of another secret, and expired', () => withIdOfAnother(gateway.prepared.expired, mintKey())],
  ['expired', () => gateway.prepared.expired],
  ['revoked', () => gateway.prepared.revoked],
  ['of a disabled tenant', () => gateway.prepared.disabled],
  ['of a tenant that may not call from here', () => gateway.prepared.elsewhere],
  ["an administrator's", () => gateway.prepared.admin],
  ['with the id of another and its own checksum', () => gateway.key.slice(0, 21) + mintKey().slice(21)],
  ['with a wrong checksum', () => swapped(gateway.key)],
  ['cut short', () => gateway.key.slice(0, -1)],
  ['too long by one', () => `${gateway.key}0`],
  ['the name of a property', () => '__proto__'],
  ['a token signed by a stranger', () => makeToken(strangersKey)],
  [
    'a token of an unknown issuer',
    () => makeToken(issuersKey, { claims: { iss: 'https://other.example/' } })
  ],
  ['a token that has ended', () => makeToken(issuersKey, { claims: { exp: 1_700_000_000 } })],
  ['a token of a disabled tenant', () => makeToken(issuersKey, { claims: { sub: 'asleep' } })],
  [
    'a token of a tenant that may not call from here',
    () => makeToken(issuersKey, { claims: { sub: 'elsewhere' } })
  ],
  ['a token of an unknown tenant', () => makeToken(issuersKey, { claims: { sub: 'nobody' } })],
  ['three parts that are no token', () => 'a.b.c']
]

const mintKey = () => mintApiKey(gateway.pepper).key

const reasons: readonly (readonly [string, () => RequestParts])[] = [
  ...bad.map(([reason, key]) => [`${reason}, as Bearer`, () => bearer(key())] as const),
  ...bad.map(([reason, key]) => [`${reason}, as X-API-KEY`, () => apiKey(key())] as const),
  ['a good token, as X-API-KEY', () => apiKey(makeToken(issuersKey))],
  ['given as Basic', () => authorization(`Basic ${Buffer.from(`${gateway.key}:`).toString('base64')}`)],
  ['given without a scheme', () => authorization(gateway.key)],
  ['given in the API key header with a scheme', () => apiKey(`Bearer ${gateway.key}`)],
  ['given twice in one header', () => bearer(`${gateway.key}, Bearer ${gateway.key}`)]
]

// Each from an address of its own, so that the count of failures is the same for all.
test.each(reasons)('a key that is %s gets the same 401 as none, byte for byte', async (_reason, parts) => {
  const connectorId = gateway.connectors.sharepoint
  const answers = await Promise.all(
    [{}, parts()].map(async which => {
      const bytes = syncBytes({ key: null, connectorId }, which)
      return (await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0]
    })
  )
  for (const answer of answers) expectProblem(answer, 'credentials_invalid')
  expect(withoutId(answers[1])).toStrictEqual(withoutId(answers[0]))
  expect(gateway.sandbox.requests()).toEqual([])
})

test('the token and keys that the bad ones are made from are good', async () => {
  const from = freshAddress()
  for (const key of [gateway.key, makeToken(issuersKey)]) {
    // Not forwarded: a request that is admitted and then found invalid.
    const bytes = syncBytes(
      { key: null, connectorId: gateway.connectors.sharepoint },
      { ...bearer(key), body: '[]' }
    )
    expect((await rawRequest(gateway.port, bytes, { from }))[0]?.status).toBe(400)
  }
})

describe('a key is taken', () => {
  test.each([
    ['as Bearer', (key: string) => `Authorization: Bearer ${key}`],
    ['as bearer in other case', (key: string) => `authorization: bEARER ${key}`],
    ['with more spaces', (key: string) => `Authorization: Bearer   ${key}`],
    ['as X-API-KEY', (key: string) => `x-api-key: ${key}`]
  ])('%s', async (_how, line) => {
    // Not forwarded: a request that is admitted and then found invalid.
    const parts = { more: [line(gateway.key)], body: '[]' }
    const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, parts)
    const [answer] = await rawRequest(gateway.port, bytes)
    expect(answer?.status).toBe(400)
  })
})

test('the body of a request without a valid key is never waited for', async () => {
  const bytes = syncBytes(
    { key: null, connectorId: gateway.connectors.sharepoint },
    { framing: 'Content-Length: 16000' }
  )
  expectProblem((await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0], 'credentials_invalid')
})

test('a refusal does not reveal whether the connector exists', async () => {
  const answers = await Promise.all(
    [gateway.connectors.sharepoint, '00000000-0000-4000-8000-000000000000'].map(async connectorId => {
      const [answer] = await rawRequest(gateway.port, syncBytes({ key: null, connectorId }), {
        from: freshAddress()
      })
      return withoutId(answer)
    })
  )
  expect(answers[0]).toStrictEqual(answers[1])
})
