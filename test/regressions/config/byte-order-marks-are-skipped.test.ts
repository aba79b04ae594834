import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { readTlsFiles, type TlsFiles, tlsMaterial } from '../../../src/config/tls-files.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'
import { signingKey } from '../../support/fixtures/token-issuer.ts'

const mark = '\ufeff'
const key = { BIGDATA_API_KEY: 'bd_v2_canary' }

let tls: TlsFolder
test.beforeEach(({ tls: made }) => {
  tls = made
})

function files(): TlsFiles {
  const { GATEWAY_TLS_CERT, GATEWAY_TLS_KEY, GATEWAY_TLS_CLIENT_CA } = tls.env
  return { certificate: GATEWAY_TLS_CERT, key: GATEWAY_TLS_KEY, clientAuthority: GATEWAY_TLS_CLIENT_CA }
}

function rewrite(encode: (text: string) => Buffer): void {
  for (const reference of Object.values(tls.env)) {
    const path = reference.slice('file:'.length)
    writeFileSync(path, encode(readFileSync(path, 'utf8')))
  }
}

describe('PEM files are accepted as editors save them:', () => {
  test.each<[string, (text: string) => Buffer]>([
    ['with a byte order mark', text => Buffer.from(mark + text)],
    ['in UTF-16', text => Buffer.from(mark + text, 'utf16le')],
    ['in UTF-16 of the other order', text => Buffer.from(mark + text, 'utf16le').swap16()],
    [
      'with a remark in another encoding',
      text => Buffer.concat([Buffer.from('M\xfcnchen\n', 'latin1'), Buffer.from(text)])
    ]
  ])('%s', async (_how, encode) => {
    rewrite(encode)
    const { context, asksForCertificates } = tlsMaterial(await readTlsFiles(files()))
    expect(asksForCertificates).toBe(true)
    expect(String(context().cert)).toContain('-----BEGIN CERTIFICATE-----')
    expect(String(context().cert)).not.toContain(mark)
  })
})

test('a mark before settings, a master key, an upstream key, the keys of an issuer or a state does no harm', async ({
  cli
}) => {
  const write = (name: string, text: string) =>
    writeFileSync(join(cli.folder, name), mark + text, { mode: 0o600 })
  write('master.key', `${'k'.repeat(44)}\r\n`)
  write('upstream.key', 'bd_v2_canary\r\n')
  write('keys.json', JSON.stringify({ keys: [signingKey('one').jwk] }))
  write('state.yaml', 'tenants:\r\n  acme:\r\n    rate_per_minute: 7\r\n')
  write(
    'gateway.yaml',
    [
      'GATEWAY_MASTER_KEY: file:master.key',
      'GATEWAY_UPSTREAM_KEY: file:upstream.key',
      'GATEWAY_JWT_ISSUERS:',
      '  - { name: one, issuer: i, audience: a, algorithms: [ES256], jwks: file:keys.json }'
    ].join('\r\n')
  )
  expect(await cli.run(['apply', '-f', 'state.yaml'])).toMatchObject({ code: 0, stderr: '' })
  expect(await cli.run(['key', 'issue', 'acme'])).toMatchObject({ code: 0 })
  const checked = await cli.run(['check'], key)
  expect(checked).toMatchObject({ code: 0, stderr: '' })
  expect(checked.stdout).toMatch(/All checks passed/)
})

test('heads and a public key that an editor has saved are read', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  await cli.json('key', 'issue', 'acme')
  const heads = await cli.run(['ledger', 'head', '--json'])
  const pem = await cli.run(['ledger', 'public-key'])
  const verified = async (before: string) => {
    writeFileSync(join(cli.folder, 'heads.json'), before + heads.stdout)
    writeFileSync(join(cli.folder, 'ledger.pem'), before + pem.stdout)
    return await cli.run(['ledger', 'verify', '--json', '--head', 'heads.json', '--public-key', 'ledger.pem'])
  }
  const marked = await verified(mark)
  expect(marked).toEqual(await verified(''))
  expect(marked.stderr).not.toContain('does not hold')
})

test('a state in UTF-16 is refused by that name', async ({ cli }) => {
  writeFileSync(join(cli.folder, 'state.yaml'), Buffer.from(`${mark}tenants: {}\n`, 'utf16le'))
  expect(await cli.run(['apply', '-f', 'state.yaml'])).toMatchObject({
    code: 2,
    stderr: 'connector-gateway: state.yaml: is text in UTF-16: save it as UTF-8\n'
  })
})
