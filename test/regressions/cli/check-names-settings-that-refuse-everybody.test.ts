import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { readTlsFiles, tlsMaterial } from '../../../src/config/tls-files.ts'
import { settingWarnings } from '../../../src/config/warnings.ts'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'

const mapping = '[{"san_uri":"spiffe://acme/billing","tenant":"acme"}]'

let cli: CommandLine
let tls: TlsFolder
test.beforeEach(({ cli: opened, tls: made }) => {
  cli = opened
  tls = made
})

async function warningsOf(env: Record<string, string>): Promise<string[]> {
  const { code, stdout } = await cli.run(['check', '--json'], { BIGDATA_API_KEY: 'bd_v2_canary', ...env })
  expect(code).toBe(0)
  return (JSON.parse(stdout) as { warnings: string[] }).warnings
}

test('the certificate of a listener, given as an authority, is a warning of check and serve', async () => {
  const env = { ...tls.env, GATEWAY_CLIENT_CERTIFICATES: mapping }
  expect((await warningsOf(env)).join()).not.toContain('no authority')
  writeFileSync(tls.env.GATEWAY_TLS_CLIENT_CA.slice('file:'.length), tls.issueServer().certificate)
  const warning =
    'GATEWAY_TLS_CLIENT_CA: holds a certificate that is no authority (CA:TRUE): callers whose certificates it signed may be refused (environment)'
  expect(await warningsOf(env)).toContain(warning)
  const config = loadConfig(env)
  const material = config.tls && tlsMaterial(await readTlsFiles(config.tls))
  expect(settingWarnings(config, material, new Date())).toContain(warning)
})

test.each([
  ['no key', []],
  ['a secret key alone', [{ kty: 'oct', k: 'hush' }]],
  ['a private key alone', [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'hush' }]]
])('a file of an issuer that holds %s is a warning', async (_what, keys) => {
  writeFileSync(join(cli.folder, 'keys.json'), JSON.stringify({ keys }))
  const issuer = { name: 'a', issuer: 'a', audience: 'a', algorithms: ['ES256'], jwks: 'file:keys.json' }
  expect(await warningsOf({ GATEWAY_JWT_ISSUERS: JSON.stringify([issuer]) })).toEqual([
    'GATEWAY_JWT_ISSUERS[0].jwks: holds no usable key: every token of this issuer is refused (environment)'
  ])
})
