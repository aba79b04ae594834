import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { ConfigError } from '../../src/config/error.ts'
import { folderForFile } from '../support/fixtures/temporary-folder.ts'

const secret = 'put_here_by_mistake'

const folder = folderForFile()

type Settings = Readonly<Record<string, unknown>>

/** As in the environment: lists as JSON. */
function load(settings: Settings): Config {
  const file = folder.pathOf('empty.yaml')
  writeFileSync(file, '')
  const env = Object.entries(settings).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value)
  ])
  return loadConfig(Object.fromEntries(env), file)
}

/** The faults, by key. Passes only if no value is repeated in them. */
function faultsOf(settings: Settings): Record<string, string> {
  try {
    load(settings)
    return {}
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.message).not.toContain(secret)
    return Object.fromEntries(error.faults.map(({ key, detail }) => [key, detail]))
  }
}

const issuer = {
  name: 'company',
  issuer: 'https://issuer.example/',
  audience: 'gateway',
  jwks: 'https://issuer.example/keys',
  algorithms: ['RS256']
}
const issuers = (...list: object[]) => ({ GATEWAY_JWT_ISSUERS: list.map(each => ({ ...issuer, ...each })) })
const pair = { GATEWAY_TLS_CERT: 'file:a.pem', GATEWAY_TLS_KEY: 'file:a.key' }
const tls = { ...pair, GATEWAY_TLS_CLIENT_CA: 'file:ca.pem' }
const certificates = (...list: object[]) => ({ ...tls, GATEWAY_CLIENT_CERTIFICATES: list })

test('an issuer may name a claim and map its values to tenants', () => {
  expect(load(issuers({})).jwtIssuers).toEqual([issuer])
  const named = issuers({ tenant_claim: 'team', tenants: { 'team/a': 'acme' } })
  expect(load(named).jwtIssuers).toMatchObject([{ tenant_claim: 'team', tenants: { 'team/a': 'acme' } }])
})

test('a file holds issuers and certificate mappings as YAML lists', () => {
  const file = folder.pathOf('lists.yaml')
  writeFileSync(
    file,
    `GATEWAY_TLS_CERT: file:a.pem
GATEWAY_TLS_KEY: file:a.key
GATEWAY_TLS_CLIENT_CA: file:ca.pem
GATEWAY_JWT_ISSUERS:
  - name: company
    issuer: https://issuer.example/
    audience: gateway
    jwks: https://issuer.example/keys
    algorithms: [RS256]
GATEWAY_CLIENT_CERTIFICATES:
  - subject: CN=billing,O=Acme
    tenant: acme
  - san_uri: spiffe://acme/other
    tenant: other
`
  )
  const config = loadConfig({}, file)
  expect(config.jwtIssuers).toMatchObject([issuer])
  expect(config.tls).toEqual({ certificate: 'file:a.pem', key: 'file:a.key', clientAuthority: 'file:ca.pem' })
  expect(config.clientCertificates).toEqual([
    { subject: 'CN=billing,O=Acme', tenant: 'acme' },
    { san_uri: 'spiffe://acme/other', tenant: 'other' }
  ])
})

describe('the key set of an issuer', () => {
  test.each([
    'https://a.example/k?v=1',
    'http://127.0.0.1:8080/k',
    'http://[::1]/k',
    'http://localhost/k',
    'file:k.json'
  ])('may be at %s', jwks => {
    expect(faultsOf(issuers({ jwks }))).toEqual({})
  })

  test.each([
    ...['http://a.example/k', 'http://10.0.0.1/k', 'http://127.0.0.1.example/k', 'ftp://a/k', 'file:', ''],
    ...[`https://user:${secret}@a.example/k`, 'https://a.example/k#x', 'https://', 'k.json', 'data:,{}']
  ])('may not be at %j', jwks => {
    expect(faultsOf(issuers({ jwks }))).toEqual({
      'GATEWAY_JWT_ISSUERS[0].jwks': 'must be an https URL (http only for a loopback address), or file:PATH'
    })
  })
})

describe('the algorithms of an issuer are asymmetric and given:', () => {
  test.each([['HS256'], ['none'], ['RS256', 'HS512'], ['rs256'], [7]])('%j is refused', (...algorithms) => {
    const [key, ...more] = Object.keys(faultsOf(issuers({ algorithms })))
    expect(key).toBe(`GATEWAY_JWT_ISSUERS[0].algorithms[${algorithms.length - 1}]`)
    expect(more).toEqual([])
  })

  test.each([[[]], [['RS256', 'RS256']], ['RS256'], [undefined]])('%j is no list of them', algorithms => {
    expect(Object.keys(faultsOf(issuers({ algorithms })))).toEqual(['GATEWAY_JWT_ISSUERS[0].algorithms'])
  })
})

test('all faults are reported at once, with the paths to their members, and without values', () => {
  expect(
    faultsOf({
      GATEWAY_JWT_ISSUERS: [
        { ...issuer, name: `A ${secret}`, audience: '', tenant_claim: 7 },
        { name: 'b', secret },
        { ...issuer, name: 'c', tenants: { x: `${secret}!` } },
        secret
      ],
      GATEWAY_TLS_CERT: secret,
      GATEWAY_CLIENT_CERTIFICATES: [{ san_uri: `${secret} x`, tenant: '' }, {}]
    })
  ).toEqual({
    'GATEWAY_JWT_ISSUERS[0].name':
      'must be a name of at most 60 characters: a-z, 0-9, dot, underscore, hyphen',
    'GATEWAY_JWT_ISSUERS[0].audience': "must be the text that the tokens' aud must contain",
    'GATEWAY_JWT_ISSUERS[0].tenant_claim': 'must be the name of a claim',
    'GATEWAY_JWT_ISSUERS[1].issuer': 'is required',
    'GATEWAY_JWT_ISSUERS[1].audience': 'is required',
    'GATEWAY_JWT_ISSUERS[1].jwks': 'is required',
    'GATEWAY_JWT_ISSUERS[1].algorithms': 'is required',
    'GATEWAY_JWT_ISSUERS[1].secret':
      'is not a member, which are: name, issuer, audience, jwks, algorithms, tenant_claim, tenants',
    'GATEWAY_JWT_ISSUERS[2].tenants.x': "must be a tenant's name: a-z, 0-9, dot, underscore, hyphen",
    'GATEWAY_JWT_ISSUERS[3]': 'must be a mapping with name, issuer, audience, jwks and algorithms',
    GATEWAY_TLS_CERT: 'must be a reference to a PEM file, file:PATH',
    'GATEWAY_CLIENT_CERTIFICATES[0].san_uri': 'must be a URI',
    'GATEWAY_CLIENT_CERTIFICATES[0].tenant': "must be a tenant's name: a-z, 0-9, dot, underscore, hyphen",
    'GATEWAY_CLIENT_CERTIFICATES[1]': 'must be a mapping with tenant and either san_uri or subject',
    'GATEWAY_CLIENT_CERTIFICATES[1].tenant': 'is required'
  })
})

test('a list that is no JSON, or no list, is reported without its text', () => {
  for (const text of [`[{"name":"${secret}`, `{"name":"${secret}"}`, '7', secret])
    expect(Object.keys(faultsOf({ GATEWAY_JWT_ISSUERS: text }))).toEqual(['GATEWAY_JWT_ISSUERS'])
})

test('no two issuers share a name or an issuer, and no two mappings the same certificates', () => {
  expect(faultsOf(issuers({}, { issuer: 'b' }, { name: 'c' }))).toEqual({
    'GATEWAY_JWT_ISSUERS[1].name': 'is also the name of an earlier issuer',
    'GATEWAY_JWT_ISSUERS[2].issuer': 'is also the issuer of an earlier entry'
  })
  const tenant = 'acme'
  expect(
    faultsOf(
      certificates(
        { subject: 'CN=a,O=b', tenant },
        { subject: 'cn=a, o=b', tenant: 'other' },
        { san_uri: 'urn:a', tenant },
        { san_uri: 'urn:a', tenant: 'other' }
      )
    )
  ).toEqual({
    'GATEWAY_CLIENT_CERTIFICATES[1]': 'maps the same certificates as an earlier entry',
    'GATEWAY_CLIENT_CERTIFICATES[3]': 'maps the same certificates as an earlier entry'
  })
})

test('a certificate mapping has either a URI or a subject, which is a distinguished name', () => {
  const tenant = 'acme'
  const both = { subject: 'CN=a', san_uri: 'urn:a', tenant }
  expect(faultsOf(certificates(both, { tenant }, { subject: 'billing', tenant }))).toEqual({
    'GATEWAY_CLIENT_CERTIFICATES[0]': 'must be a mapping with tenant and either san_uri or subject',
    'GATEWAY_CLIENT_CERTIFICATES[1]': 'must be a mapping with tenant and either san_uri or subject',
    'GATEWAY_CLIENT_CERTIFICATES[2].subject': 'must be a distinguished name, e.g. CN=billing,O=Acme'
  })
})

describe('a TLS setting without the one that it needs is refused:', () => {
  const mapping = [{ san_uri: 'urn:a', tenant: 'acme' }]
  test.each<[Settings, Record<string, string>]>([
    [{ GATEWAY_TLS_CERT: 'file:a' }, { GATEWAY_TLS_CERT: 'needs GATEWAY_TLS_KEY too' }],
    [{ GATEWAY_TLS_KEY: 'file:a' }, { GATEWAY_TLS_KEY: 'needs GATEWAY_TLS_CERT too' }],
    [{ GATEWAY_TLS_CLIENT_CA: 'file:a' }, { GATEWAY_TLS_CLIENT_CA: 'needs GATEWAY_TLS_CERT too' }],
    [
      { ...pair, GATEWAY_CLIENT_CERTIFICATES: mapping },
      { GATEWAY_CLIENT_CERTIFICATES: 'needs GATEWAY_TLS_CLIENT_CA too' }
    ],
    [pair, {}],
    [tls, {}],
    [certificates(...mapping), {}]
  ])('%j', (settings, faults) => {
    expect(faultsOf(settings)).toEqual(faults)
  })
})

test('the example in the document for callers is accepted unchanged', () => {
  const document = readFileSync(new URL('../../docs/callers.md', import.meta.url), 'utf8')
  const file = folder.pathOf('example.yaml')
  writeFileSync(file, /```yaml\n([\s\S]+?)```/.exec(document)?.[1] ?? '')
  const { tls, jwtIssuers, clientCertificates } = loadConfig({}, file)
  expect(tls?.clientAuthority).toBe('file:/etc/gateway/clients.pem')
  expect(jwtIssuers[0]?.tenants?.['0b7c2c2e-billing']).toBe('billing')
  expect(clientCertificates.map(({ tenant }) => tenant)).toEqual(['billing', 'reports'])
})
