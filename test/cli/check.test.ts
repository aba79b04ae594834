import { existsSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from './command-line.ts'

const key = { BIGDATA_API_KEY: 'bd_v2_canary' }

test('check opens the store and the keys, says what it found and never prints a secret', async () => {
  const gateway = commandLine()
  await gateway.json('tenant', 'create', 'acme')
  await gateway.json('key', 'issue', 'acme')
  const { code, stdout, stderr } = await gateway.run(['check', '--json'], { ...key, GATEWAY_PROT: '1' })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    listeners: { public: '127.0.0.1:8080', admin: '127.0.0.1:8081' },
    store: { path: realpathSync(gateway.storePath), tenants: 1, keys: 1 },
    upstream: { origin: 'https://api.bigdata.com', key: 'env:BIGDATA_API_KEY' },
    master_key: 'file:./data/master.key',
    callers: { tls: null, token_issuers: [], client_certificates: [] },
    warnings: ['GATEWAY_PROT is set but is not a setting']
  })
  const people = await gateway.run(['check'], key)
  expect(people.stdout).toMatch(/\nAll is well\.\n$/)
  expect(stdout + people.stdout).not.toContain('canary')
})

test('check tells every fault at once: upstream key, master key and store', async () => {
  const gateway = commandLine()
  writeFileSync(join(gateway.folder, 'short.key'), 'short')
  const failed = await gateway.run(['check'], { GATEWAY_MASTER_KEY: 'file:short.key' })
  expect(failed).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'connector-gateway: GATEWAY_UPSTREAM_KEY: env:BIGDATA_API_KEY is not set\n' +
      'connector-gateway: GATEWAY_MASTER_KEY: file:short.key is too short for a master key: 32 characters or more are needed\n'
  })
  writeFileSync(join(gateway.folder, 'text.db'), 'this is no database '.repeat(100))
  const broken = await gateway.run(['check'], { GATEWAY_STORE_URL: 'sqlite:text.db' })
  expect(broken).toMatchObject({ code: 2, stdout: '' })
  expect(broken.stderr.trimEnd().split('\n')).toHaveLength(2)
  expect(broken.stderr).toContain('GATEWAY_STORE_URL: cannot open the store')
})

test('check makes the default store and master key as serve would', async () => {
  const gateway = commandLine()
  expect(await gateway.run(['check'], key)).toMatchObject({ code: 0, stderr: '' })
  expect(existsSync(gateway.storePath)).toBe(true)
  expect(existsSync(join(gateway.folder, 'data/master.key'))).toBe(true)
})
