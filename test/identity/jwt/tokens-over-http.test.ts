import { describe, expect } from 'vitest'
import { mintApiKey } from '../../../src/tenants/keys/api-key.ts'
import { setTenantDisabled } from '../../../src/tenants/tenants.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import {
  hmacOf,
  type KeySetServer,
  makeToken,
  signingKey,
  type TokenParts,
  testIssuer
} from '../../support/fixtures/token-issuer.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { withoutId } from '../../support/http/without-id.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const keys = {
  ES256: signingKey('es', 'ES256'),
  RS256: signingKey('rs', 'RS256'),
  EdDSA: signingKey('ed', 'EdDSA')
}
const stranger = signingKey('es', 'ES256')
/** After how long an address may fail once more. */
const refillMs = 1_000
const [now, publicPem] = [
  Math.floor(Date.now() / 1000),
  keys.RS256.publicKey.export({ type: 'spki', format: 'pem' }).toString()
]

let server: KeySetServer
let gateway: TestGateway<void>
test.beforeAll(async ({ startKeySetServerOfFile, startGatewayOfFile }) => {
  server = await startKeySetServerOfFile(Object.values(keys))
  const issuer = {
    ...testIssuer,
    jwks: server.url,
    algorithms: ['ES256', 'RS256', 'EdDSA']
  }
  gateway = await startGatewayOfFile({
    env: {
      GATEWAY_JWT_ISSUERS: JSON.stringify([
        { name: 'direct', ...issuer },
        {
          ...issuer,
          name: 'mapped',
          issuer: 'https://mapped.example',
          tenant_claim: 'https://claims.example/team',
          tenants: { billing: 'acme', __proto__: 'acme' }
        }
      ])
    },
    prepare: async ({ addTenant, administration }) => {
      await addTenant({ name: 'asleep' })
      await setTenantDisabled(administration, 'asleep', true)
    }
  })
})

type Sent = { readonly credential: string | null; readonly more?: readonly string[]; readonly from?: string }

async function call({ credential, more = [], from = freshAddress() }: Sent): Promise<HttpAnswer> {
  const parts = { more: [...(credential === null ? [] : [`Authorization: Bearer ${credential}`]), ...more] }
  const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, parts)
  const [answer] = await rawRequest(gateway.port, bytes, { from })
  if (answer === undefined) throw new Error('no answer')
  return answer
}

const good = (parts?: TokenParts) => makeToken(keys.ES256, parts)
const mapped = (claims: Record<string, unknown>) =>
  good({ claims: { iss: 'https://mapped.example', ...claims } })
const team = 'https://claims.example/team'

describe('a token is accepted', () => {
  test.each(Object.entries(keys))('that is signed by %s', async (_algorithm, key) => {
    for (const time of ['first', 'second', 'third'])
      expect((await call({ credential: makeToken(key) })).status, time).toBe(200)
  })

  test.each<[string, () => string]>([
    ['without a type', () => good({ header: { typ: undefined } })],
    ['of the type of access tokens', () => good({ header: { typ: 'at+jwt' } })],
    ['of its type in full', () => good({ header: { typ: 'application/at+JWT' } })],
    ['for us among others', () => good({ claims: { aud: ['other', testIssuer.audience] } })],
    ['that ended a moment ago, by another clock', () => good({ claims: { exp: now - 5 } })],
    ['that begins in a moment, by another clock', () => good({ claims: { nbf: now + 20 } })],
    ['whose claim is mapped to the tenant', () => mapped({ [team]: 'billing', sub: 'nobody' })]
  ])('%s', async (_what, token) => {
    expect((await call({ credential: token() })).status).toBe(200)
  })

  test('the ledger names the issuer of an accepted token', async () => {
    const answer = await call({ credential: good() })
    const requestId = header(answer, 'x-request-id')
    const entries = gateway.entries().filter(entry => entry.request_id === requestId)
    expect(entries.map(({ kind, tenant, key_id }) => [kind, tenant, key_id])).toEqual([
      ['call.intent', 'acme', 'jwt:direct'],
      ['call.outcome', 'acme', 'jwt:direct']
    ])
  })
})

const refused: readonly [string, () => string][] = [
  ['signed by another key', () => makeToken(stranger)],
  ['not signed', () => good({ signature: () => '' })],
  ['of the algorithm none', () => good({ header: { alg: 'none' }, signature: () => '' })],
  ['of the algorithm None, signed all the same', () => good({ header: { alg: 'None' } })],
  [
    'signed by HMAC with the public key as its secret',
    () => makeToken(keys.RS256, { header: { alg: 'HS256' }, signature: text => hmacOf(publicPem, text) })
  ],
  [
    'signed by HMAC with the key set as its secret',
    () => good({ header: { alg: 'HS256' }, signature: text => hmacOf(JSON.stringify(keys.ES256.jwk), text) })
  ],
  ['of an algorithm that the issuer does not use', () => makeToken(keys.RS256, { header: { alg: 'PS256' } })],
  ['of the algorithm of another key', () => good({ header: { alg: 'EdDSA' } })],
  ['with an empty ECDSA signature', () => good({ signature: () => 'A'.repeat(86) })],
  ['with a changed claim', () => swapPayload(good(), { sub: 'acme', admin: true })],
  ['of another issuer', () => good({ claims: { iss: 'https://evil.example/' } })],
  ['of an issuer of nearly this name', () => good({ claims: { iss: 'https://issuer.example' } })],
  ['without an issuer', () => good({ claims: { iss: undefined } })],
  ['with several issuers', () => good({ claims: { iss: [testIssuer.issuer] } })],
  ['for somebody else', () => good({ claims: { aud: 'other' } })],
  ['for nobody', () => good({ claims: { aud: undefined } })],
  ['that has ended', () => good({ claims: { exp: now - 3600 } })],
  ['without an end', () => good({ claims: { exp: undefined } })],
  ['with an end that is no number', () => good({ claims: { exp: `${now + 600}` } })],
  ['that has not begun', () => good({ claims: { nbf: now + 3600 } })],
  ['of another type', () => good({ header: { typ: 'logout+jwt' } })],
  ['of a type that is no text', () => good({ header: { typ: 7 } })],
  ['with a header that must be understood', () => good({ header: { crit: ['exp'], exp: 1 } })],
  ['with an unencoded payload', () => good({ header: { b64: false, crit: ['b64'] } })],
  ['whose key is a path', () => good({ header: { kid: '../../../../etc/passwd' } })],
  [
    'whose key is a device',
    () => good({ header: { kid: '/dev/null' }, signature: text => hmacOf('', text) })
  ],
  ['whose key is the name of a property', () => good({ header: { kid: '__proto__' } })],
  ['whose key is no text', () => good({ header: { kid: { es: true } } })],
  ['that brings its key', () => makeToken(stranger, { header: { jwk: stranger.jwk } })],
  ['that says where its key is', () => makeToken(stranger, { header: { jku: server.url, x5u: server.url } })],
  ['of an unknown tenant', () => good({ claims: { sub: 'nobody' } })],
  ['of a disabled tenant', () => good({ claims: { sub: 'asleep' } })],
  ['whose tenant is no text', () => good({ claims: { sub: ['acme'] } })],
  ['whose tenant is empty', () => good({ claims: { sub: '' } })],
  ['without a tenant', () => good({ claims: { sub: undefined } })],
  ['whose claim is mapped to no tenant', () => mapped({ [team]: 'acme' })],
  ['whose claim is the name of a property', () => mapped({ [team]: 'constructor' })],
  ['that is too long', () => good({ claims: { more: 'x'.repeat(5_000) } })],
  ['of three empty parts', () => '..'],
  ['of three parts that are no JSON', () => 'a.b.c'],
  ['of two parts', () => good().split('.').slice(0, 2).join('.')],
  ['of four parts', () => `${good()}.x`],
  ['with characters of another alphabet', () => `${good()}=`],
  ['that begins like a key', () => `cgw_${good()}`]
]

function swapPayload(token: string, claims: object): string {
  const [head, body = '', signature] = token.split('.')
  const changed = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...claims }
  return [head, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.')
}

test.each(refused)('a token %s gets the same 401 as an unknown key, byte for byte', async (_what, token) => {
  const [answer, wanted] = await Promise.all([
    call({ credential: token() }),
    call({ credential: mintApiKey(gateway.pepper).key })
  ])
  expectProblem(answer, 'credentials_invalid')
  expect(withoutId(answer)).toStrictEqual(withoutId(wanted))
})

test('the valid token from which the rejected ones are made is accepted', async () => {
  expect((await call({ credential: good() })).status).toBe(200)
})

test('a token in the header of keys is rejected', async () => {
  expectProblem(await call({ credential: null, more: [`X-API-KEY: ${good()}`] }), 'credentials_invalid')
})

test('a token and a key at once are refused, whichever is good', async () => {
  for (const key of [gateway.key, 'wrong'])
    expectProblem(await call({ credential: good(), more: [`X-API-KEY: ${key}`] }), 'request_malformed')
})

test('failures with tokens count for the limit of their address', async () => {
  const from = freshAddress()
  const startedAt = performance.now()
  const statuses: number[] = []
  for (let n = 0; statuses.at(-1) !== 429 && n < 1_000; n++)
    statuses.push((await call({ credential: makeToken(stranger, { claims: { n } }), from })).status)
  const failures = statuses.slice(0, -1)
  expect(new Set(failures)).toEqual(new Set([401]))
  // The bucket refills while a busy machine makes the calls.
  const refilled = (performance.now() - startedAt) / refillMs
  expect(failures.length).toBeGreaterThanOrEqual(100)
  expect(failures.length).toBeLessThanOrEqual(100 + refilled)
  expect((await call({ credential: good(), from })).status).toBe(200)
})

test('an accepted token is rejected as soon as its tenant is disabled', async () => {
  await gateway.addTenant({ name: 'short' })
  const credential = good({ claims: { sub: 'short' } })
  await expect.poll(async () => (await call({ credential })).status).toBe(200)
  await setTenantDisabled(gateway.administration, 'short', true)
  await expect
    .poll(async () => (await call({ credential })).status, { timeout: onThisMachine(2_000) })
    .toBe(401)
})

test('nothing of a token is logged', async () => {
  const refused = await call({ credential: makeToken(stranger) })
  expect(refused.status).toBe(401)
  expect(gateway.logged()).toContain('token.rejected')
  expect(gateway.logged()).not.toMatch(/eyJ|passwd|evil/)
})
