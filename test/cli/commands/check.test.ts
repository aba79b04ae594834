import { readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { signingKey } from '../../support/fixtures/token-issuer.ts'

const key = { BIGDATA_API_KEY: 'bd_v2_canary' }

test('check opens the store and the keys, says what it found and never prints a secret', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  await cli.json('key', 'issue', 'acme')
  const { code, stdout, stderr } = await cli.run(['check', '--json'], { ...key, GATEWAY_PROT: '1' })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    listeners: { public: '127.0.0.1:8080', admin: '127.0.0.1:8081' },
    docs: 'public',
    store: { path: realpathSync(cli.storePath), state: 'ready', tenants: 1, keys: 1 },
    upstream: { origin: 'https://api.bigdata.com', key: 'env:BIGDATA_API_KEY' },
    credentials: [],
    master_key: 'file:./data/master.key',
    master_key_state: 'fits',
    callers: { tls: null, token_issuers: [], client_certificates: [] },
    warnings: ['GATEWAY_PROT is set but is not a setting: did you mean GATEWAY_PORT?']
  })
  const people = await cli.run(['check'], key)
  expect(people.stdout).toMatch(/\nAll checks passed\.\n$/)
  expect(people.stdout).toContain('gateway.db (1 tenant, 1 key)\n')
  expect(stdout + people.stdout).not.toContain('canary')
})

test('check reports every fault at once: upstream key, master key and store', async ({ cli }) => {
  writeFileSync(join(cli.folder, 'short.key'), 'short', { mode: 0o600 })
  const failed = await cli.run(['check'], { GATEWAY_MASTER_KEY: 'file:short.key' })
  expect(failed).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'connector-gateway: GATEWAY_MASTER_KEY: file:short.key is too short for a master key: 32 characters or more are needed (environment)\n' +
      'connector-gateway: GATEWAY_UPSTREAM_KEY: env:BIGDATA_API_KEY is not set\n'
  })
  writeFileSync(join(cli.folder, 'text.db'), 'this is no database '.repeat(100))
  const broken = await cli.run(['check'], { GATEWAY_STORE_URL: 'sqlite:text.db' })
  expect(broken).toMatchObject({ code: 2, stdout: '' })
  expect(broken.stderr.trimEnd().split('\n')).toHaveLength(2)
  expect(broken.stderr).toContain('GATEWAY_STORE_URL: cannot open the store')
})

const issuer = {
  name: 'company',
  issuer: 'https://issuer.example/',
  audience: 'gateway',
  algorithms: ['ES256'],
  jwks: 'file:keys.json'
}

test('check reads the TLS files and the keys of issuers, and shows who may call with which credential', async ({
  cli,
  tls
}) => {
  writeFileSync(join(cli.folder, 'keys.json'), JSON.stringify({ keys: [signingKey('one').jwk] }))
  const settings = {
    ...key,
    ...tls.env,
    GATEWAY_JWT_ISSUERS: JSON.stringify([
      issuer,
      { ...issuer, name: 'other', issuer: 'b', jwks: 'https://b.example/keys' }
    ]),
    GATEWAY_CLIENT_CERTIFICATES: '[{"san_uri":"spiffe://acme/billing","tenant":"acme"}]'
  }
  const { code, stdout } = await cli.run(['check', '--json'], settings)
  expect(code).toBe(0)
  expect(JSON.parse(stdout).callers).toEqual({
    tls: {
      certificate: tls.env.GATEWAY_TLS_CERT,
      key: tls.env.GATEWAY_TLS_KEY,
      client_authority: tls.env.GATEWAY_TLS_CLIENT_CA,
      not_after: expect.stringMatching(/^2/)
    },
    token_issuers: [
      { name: 'company', issuer: issuer.issuer, jwks: issuer.jwks, algorithms: ['ES256'], keys: 1 },
      { name: 'other', issuer: 'b', jwks: 'https://b.example/keys', algorithms: ['ES256'], keys: null }
    ],
    client_certificates: [{ name: 'spiffe://acme/billing', tenant: 'acme' }]
  })
  const people = await cli.run(['check'], settings)
  expect(people.stdout).toMatch(/issuer company +file:keys\.json \(1 keys\)/)
  expect(people.stdout).toMatch(/tenant acme +spiffe:\/\/acme\/billing/)
})

test('check reports every fault of TLS files and key files, and nothing of their content', async ({
  cli,
  tls
}) => {
  tls.writeKey(tls.issueServer().key)
  writeFileSync(join(cli.folder, 'hush.json'), 'hush')
  const failed = await cli.run(['check'], {
    ...key,
    ...tls.env,
    GATEWAY_TLS_CLIENT_CA: 'file:hush.json',
    GATEWAY_JWT_ISSUERS: JSON.stringify([
      issuer,
      { ...issuer, name: 'b', issuer: 'b', jwks: 'file:hush.json' }
    ])
  })
  expect(failed).toEqual({
    code: 2,
    stdout: '',
    stderr: `${[
      'GATEWAY_TLS_CLIENT_CA: holds no certificate in PEM',
      'GATEWAY_TLS_KEY: is not the key of the certificate',
      'GATEWAY_JWT_ISSUERS[0].jwks: file:keys.json cannot be read (ENOENT)',
      'GATEWAY_JWT_ISSUERS[1].jwks: it is not JSON'
    ]
      .map(line => `connector-gateway: ${line} (environment)`)
      .join('\n')}\n`
  })
})

test('check says that the default store and master key will be made, and makes neither', async ({ cli }) => {
  const checked = await cli.run(['check'], key)
  expect(checked).toMatchObject({ code: 0, stderr: '' })
  expect(checked.stdout).toMatch(/store +\/.*\/data\/gateway\.db \(not there yet: made at the first start\)/)
  expect(checked.stdout).toMatch(
    /master key +file:\.\/data\/master\.key \(not there yet: made at the first start\)/
  )
  expect(checked.stdout).toMatch(/\nAll checks passed\.\n$/)
  expect(checked.stdout).not.toContain('warning')
  expect(readdirSync(cli.folder)).toEqual([])
})
