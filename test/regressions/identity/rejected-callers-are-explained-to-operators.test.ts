import { describe, expect } from 'vitest'
import { issueAdminKey, revokeAdminKey } from '../../../src/tenants/keys/admin-keys.ts'
import { checksum, mintApiKey } from '../../../src/tenants/keys/api-key.ts'
import { issueKey, revokeKey } from '../../../src/tenants/keys/keys.ts'
import { setTenantDisabled } from '../../../src/tenants/tenants.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestAdministration, TestGateway } from '../../support/fixtures/test-gateway.ts'
import { makeToken, signingKey, type TokenParts, testIssuer } from '../../support/fixtures/token-issuer.ts'
import { askAdmin } from '../../support/http/admin-client.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

async function prepare({ administration, pepper, adminPepper, addTenant }: TestAdministration) {
  const longAgo = { ...administration, clock: () => new Date('2020-01-01') }
  const expired = await issueKey(longAgo, pepper, 'acme', new Date('2020-01-02'))
  const revoked = await issueKey(administration, pepper, 'acme', null)
  await revokeKey(administration, revoked.key_id)
  const disabled = await addTenant({ name: 'asleep' })
  await setTenantDisabled(administration, 'asleep', true)
  const elsewhere = await addTenant({ name: 'elsewhere', addresses: ['192.0.2.0/24'] })
  const operator = { name: 'operator', role: 'operator', expiresAt: null } as const
  const admin = {
    live: await issueAdminKey(administration, adminPepper, operator),
    revoked: await issueAdminKey(administration, adminPepper, operator),
    expired: await issueAdminKey(longAgo, adminPepper, { ...operator, expiresAt: new Date('2020-01-02') })
  }
  await revokeAdminKey(administration, admin.revoked.key_id)
  return { expired, revoked, disabled, elsewhere, admin }
}

const [issuersKey, strangersKey] = [signingKey('es'), signingKey('es')]
let gateway: TestGateway<Awaited<ReturnType<typeof prepare>>>
test.beforeAll(async ({ startKeySetServerOfFile, startGatewayOfFile }) => {
  const issuer = await startKeySetServerOfFile([issuersKey])
  const trusted = { ...testIssuer, algorithms: ['ES256'] }
  const issuers = [
    { ...trusted, name: 'company', jwks: issuer.url },
    { ...trusted, name: 'silent', jwks: 'file:/nowhere/keys.json', issuer: 'https://silent.example' }
  ]
  gateway = await startGatewayOfFile({ env: { GATEWAY_JWT_ISSUERS: JSON.stringify(issuers) }, prepare })
})

type Line = Readonly<Record<string, unknown>>

function logLines(requestId: string): Line[] {
  const lines = gateway.logged().trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as Line).filter(line => line['request_id'] === requestId)
}

/** Sends one call, which is refused, and gives what operators find of it. */
async function refusedCall(...headers: readonly string[]) {
  const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, { more: headers })
  const [answer] = await rawRequest(gateway.port, bytes, { from: freshAddress() })
  expect(answer?.status).toBe(401)
  const requestId: string = JSON.parse(answer?.body ?? '').request_id
  const entryOf = () => gateway.entries().find(entry => entry.request_id === requestId)
  const completed = () => logLines(requestId).find(line => line['msg'] === 'request completed')
  await expect.poll(entryOf).toBeDefined()
  await expect.poll(completed).toBeDefined()
  const facts = (of: Line | undefined) => ({
    reason: of?.['reason'],
    tenant: of?.['tenant'],
    key_id: of?.['key_id']
  })
  const debug = logLines(requestId).find(line => line['event'] === 'token.rejected')
  return { entry: facts(entryOf()), line: facts(completed()), debug }
}

const bearer = (key: string) => `Authorization: Bearer ${key}`
const idOf = (key: string) => key.slice(4, 20)

function withWrongSecret(key: string): string {
  const unchecked = key.slice(0, 30) + (key[30] === 'A' ? 'B' : 'A') + key.slice(31, -6)
  return unchecked + checksum(unchecked)
}

describe('ledger and log say why a key was refused, and whose it is:', () => {
  const { revoked, expired, disabled, elsewhere } = {
    revoked: () => gateway.prepared.revoked,
    expired: () => gateway.prepared.expired,
    disabled: () => gateway.prepared.disabled,
    elsewhere: () => gateway.prepared.elsewhere
  }
  type Why = { readonly reason: string; readonly tenant?: string; readonly key_id?: string }
  test.each<[string, () => string[], () => Why]>([
    ['none', () => [], () => ({ reason: 'missing' })],
    ['malformed', () => [bearer('hello')], () => ({ reason: 'malformed' })],
    ['cut short', () => [bearer(gateway.key.slice(0, -1))], () => ({ reason: 'malformed' })],
    ['in another scheme', () => ['Authorization: Basic YTpi'], () => ({ reason: 'malformed' })],
    ['of another id', () => [bearer(mintApiKey(gateway.pepper).key)], () => ({ reason: 'unknown' })],
    // Ids are no secret: who knows one must not write in the name of its tenant.
    ['of another secret', () => [bearer(withWrongSecret(gateway.key))], () => ({ reason: 'unknown' })],
    [
      'of a revoked one’s id with another secret',
      () => [bearer(withWrongSecret(revoked().key))],
      () => ({ reason: 'unknown' })
    ],
    [
      'revoked',
      () => [bearer(revoked().key)],
      () => ({ reason: 'revoked', tenant: 'acme', key_id: revoked().key_id })
    ],
    [
      'expired',
      () => [`X-API-KEY: ${expired().key}`],
      () => ({ reason: 'expired', tenant: 'acme', key_id: expired().key_id })
    ],
    [
      'of a disabled tenant',
      () => [bearer(disabled())],
      () => ({ reason: 'tenant_disabled', tenant: 'asleep', key_id: idOf(disabled()) })
    ],
    [
      'from an address that is not allowed',
      () => [bearer(elsewhere())],
      () => ({ reason: 'address', tenant: 'elsewhere', key_id: idOf(elsewhere()) })
    ]
  ])('%s', async (_what, headers, why) => {
    const { entry, line } = await refusedCall(...headers())
    const expected = { tenant: undefined, key_id: undefined, ...why() }
    expect({ entry, line }).toEqual({ entry: expected, line: expected })
  })

  test('a key that is revoked while the gateway runs', async () => {
    const { key, key_id } = await issueKey(gateway.administration, gateway.pepper, 'acme', null)
    await revokeKey(gateway.administration, key_id)
    const expected = { reason: 'revoked', tenant: 'acme', key_id }
    await expect
      .poll(async () => (await refusedCall(bearer(key))).entry, { timeout: 10_000 })
      .toEqual(expected)
  })
})

describe('ledger, log and debug line say why a token was refused:', () => {
  const good = (parts?: TokenParts) => makeToken(issuersKey, parts)
  const now = Math.floor(Date.now() / 1000)
  const byCompany = { key_id: 'jwt:company' }
  test.each<[string, () => string, string, object?]>([
    ['of an unknown issuer', () => good({ claims: { iss: 'https://evil.example/' } }), 'token_issuer'],
    ['without an issuer', () => good({ claims: { iss: undefined } }), 'token_issuer'],
    ['of three parts that are no JSON', () => 'a.b.c', 'token_malformed'],
    ['of another spelling', () => `${good()}=`, 'token_malformed'],
    ['that is too long', () => good({ claims: { more: 'x'.repeat(5_000) } }), 'token_too_long'],
    ['signed by another key', () => makeToken(strangersKey), 'token_signature'],
    ['of no algorithm', () => good({ header: { alg: 'none' }, signature: () => '' }), 'token_algorithm'],
    ['with demands', () => good({ header: { crit: ['exp'], exp: 1 } }), 'token_unsupported'],
    ['of a key that is not in the set', () => good({ header: { kid: '/dev/null' } }), 'token_key'],
    [
      'of an issuer whose keys cannot be had',
      () => good({ claims: { iss: 'https://silent.example' } }),
      'token_keys_unavailable'
    ],
    ['for somebody else', () => good({ claims: { aud: 'other' } }), 'token_audience', byCompany],
    [
      'that has ended',
      () => good({ claims: { exp: now - 3600, sub: 'acme' } }),
      'token_expired',
      { ...byCompany, tenant: 'acme' }
    ],
    [
      'that has not begun',
      () => good({ claims: { nbf: now + 3600, sub: 'acme' } }),
      'token_not_yet_valid',
      { ...byCompany, tenant: 'acme' }
    ],
    [
      'that has ended, of nobody',
      () => good({ claims: { exp: now - 3600, sub: 'x' } }),
      'token_expired',
      byCompany
    ],
    ['with a beginning that is none', () => good({ claims: { nbf: 'x' } }), 'token_claims', byCompany],
    ['without an end', () => good({ claims: { exp: undefined } }), 'token_claims', byCompany],
    ['of another type', () => good({ header: { typ: 'logout+jwt' } }), 'token_type', byCompany],
    ['without a tenant', () => good({ claims: { sub: undefined } }), 'token_tenant', byCompany],
    ['of an unknown tenant', () => good({ claims: { sub: 'nobody' } }), 'token_tenant', byCompany],
    [
      'of a disabled tenant',
      () => good({ claims: { sub: 'asleep' } }),
      'tenant_disabled',
      { ...byCompany, tenant: 'asleep' }
    ]
  ])('%s', async (_what, token, reason, who = {}) => {
    const { entry, line, debug } = await refusedCall(bearer(token()))
    const expected = { reason, tenant: undefined, key_id: undefined, ...who }
    expect({ entry, line }).toEqual({ entry: expected, line: expected })
    expect(debug).toMatchObject({ level: 20, reason })
  })

  test('sent in the header of keys', async () => {
    const { entry, line, debug } = await refusedCall(`X-API-KEY: ${good()}`)
    for (const report of [entry, line, debug]) expect(report).toMatchObject({ reason: 'token_in_key_header' })
  })

  test('of a tenant that may not call from here', async () => {
    const { entry, line } = await refusedCall(bearer(good({ claims: { sub: 'elsewhere' } })))
    const expected = { reason: 'address', tenant: 'elsewhere', key_id: 'jwt:company' }
    expect({ entry, line }).toEqual({ entry: expected, line: expected })
  })

  test('none of them holds anything of a token', () => {
    const recorded = gateway.logged() + JSON.stringify(gateway.entries())
    expect(recorded).not.toMatch(/eyJ|evil|logout|dev\/null/)
  })
})

describe('the log says why an administrator’s key was refused:', () => {
  test.each<[string, () => string | null, () => object]>([
    ['none', () => null, () => ({ reason: 'missing' })],
    ['malformed', () => 'hello', () => ({ reason: 'malformed' })],
    ['a tenant’s', () => gateway.key, () => ({ reason: 'malformed' })],
    ['unknown', () => mintApiKey(gateway.adminPepper, 'cga').key, () => ({ reason: 'unknown' })],
    [
      'of another secret',
      () => withWrongSecret(gateway.prepared.admin.live.key),
      () => ({ reason: 'unknown' })
    ],
    [
      'revoked',
      () => gateway.prepared.admin.revoked.key,
      () => ({ reason: 'revoked', admin_key_id: gateway.prepared.admin.revoked.key_id })
    ],
    [
      'expired',
      () => gateway.prepared.admin.expired.key,
      () => ({ reason: 'expired', admin_key_id: gateway.prepared.admin.expired.key_id })
    ]
  ])('%s', async (_what, key, why) => {
    const answer = await askAdmin(gateway.adminPort, {
      target: '/admin/limits',
      key: key(),
      from: freshAddress()
    })
    expect(answer.status).toBe(401)
    const completed = () => logLines(JSON.parse(answer.body).request_id).at(-1)
    await expect.poll(completed).toBeDefined()
    const { reason, admin_key_id, key_id, tenant } = completed() ?? {}
    expect({ reason, admin_key_id, key_id, tenant }).toEqual({
      admin_key_id: undefined,
      key_id: undefined,
      tenant: undefined,
      ...why()
    })
  })
})
