import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { certificateAuthority } from '../../support/fixtures/certificate-authority.ts'
import { test } from '../../support/fixtures/test.ts'
import { listenWithTls } from '../../support/http/unreachable-upstream.ts'

test('an upstream with a certificate of a private authority is reached with NODE_EXTRA_CA_CERTS, and not without', async ({
  cli
}) => {
  const authority = certificateAuthority('Private')
  const upstream = await listenWithTls(
    authority.issue({ alternativeNames: [{ kind: 'dns', value: 'localhost' }] })
  )
  onTestFinished(() => upstream.close())
  const [key, certificates] = [join(cli.folder, 'upstream.key'), join(cli.folder, 'private.pem')]
  writeFileSync(key, 'bd_v2_a_key', { mode: 0o600 })
  writeFileSync(certificates, authority.certificate)
  const first = join(cli.folder, 'first.key')
  writeFileSync(first, 'bd_v2_the_first_key', { mode: 0o600 })
  await cli.json('credential', 'add', 'default', '--from', `file:${first}`)
  const rotate = ['credential', 'rotate', 'default', '--from', `file:${key}`]
  const env = { GATEWAY_UPSTREAM_ORIGIN: `https://localhost:${upstream.port}` }
  const without = await cli.run(rotate, env)
  expect(without).toMatchObject({ code: 1, stdout: '' })
  expect(without.stderr).toContain('(upstream_unreachable: tls_authority)')
  // Node reads the variable when a process starts.
  expect(await cli.runProcess(rotate, { ...env, NODE_EXTRA_CA_CERTS: certificates })).toMatchObject({
    code: 0,
    stderr: ''
  })
})
