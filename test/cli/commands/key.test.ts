import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseApiKey } from '../../../src/tenants/keys/api-key.ts'
import { commandLine } from '../../support/cli/command-line.ts'

async function gatewayWithTenant() {
  const gateway = commandLine()
  await gateway.json('tenant', 'create', 'acme')
  return gateway
}

function masterKeyOf(folder: string): string {
  return join(folder, 'data/master.key')
}

describe('key issue', () => {
  test('prints the key once, on standard output, and makes the default master key for its owner alone', async () => {
    const gateway = await gatewayWithTenant()
    const issued = await gateway.json('key', 'issue', 'acme')
    expect(issued).toEqual({
      tenant: 'acme',
      key_id: parseApiKey(String(issued['key']))?.id,
      key: expect.stringMatching(/^cgw_/),
      created_at: expect.any(String),
      expires_at: null
    })
    expect(statSync(masterKeyOf(gateway.folder)).mode & 0o777).toBe(0o600)
    const people = await gateway.run(['key', 'issue', 'acme', '--expires', '90d'])
    expect(people.stderr).toBe('')
    expect(people.stdout.match(/cgw_\w{66}/g)).toHaveLength(1)

    const secret = String(issued['key']).slice(21, 64)
    for (const file of ['gateway.db', 'gateway.db-wal', 'master.key'])
      expect(readIfThere(join(gateway.folder, 'data', file))).not.toContain(secret)
    expect((await gateway.run(['key', 'list', 'acme', '--json'])).stdout).not.toContain(secret)
  })

  test('refuses an expiry that is past or no time with exit 2, and issues nothing', async () => {
    const gateway = await gatewayWithTenant()
    for (const when of ['2020-01-01', 'soon']) {
      const refused = await gateway.run(['key', 'issue', 'acme', '--expires', when])
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toMatch(/^connector-gateway: [^\n]+\n$/)
    }
    expect(await gateway.json('key', 'list', 'acme')).toEqual({ items: [], next: null })
    expect(await gateway.json('key', 'issue', 'acme', '--expires', '2099-01-31')).toMatchObject({
      expires_at: '2099-01-31T00:00:00.000Z'
    })
  })
})

test('a key is rotated with an overlap or at once, listed with its state, and revoked', async () => {
  const gateway = await gatewayWithTenant()
  const first = await gateway.json('key', 'issue', 'acme')
  const second = await gateway.json('key', 'rotate', String(first['key_id']))
  const replaced = second['replaces'] as { key_id: string; expires_at: string }
  expect(replaced.key_id).toBe(first['key_id'])
  expect(Date.parse(replaced.expires_at) - Date.parse(String(second['created_at']))).toBe(24 * 3_600_000)
  const third = await gateway.json('key', 'rotate', String(second['key_id']), '--overlap', '0s')
  expect(await gateway.json('key', 'revoke', String(third['key_id']))).toMatchObject({
    tenant: 'acme',
    key_id: third['key_id'],
    state: 'revoked',
    changed: true
  })
  expect(await gateway.json('key', 'revoke', String(third['key_id']))).toMatchObject({ changed: false })

  const { items } = (await gateway.json('key', 'list', 'acme')) as { items: Record<string, unknown>[] }
  expect(items.map(key => key['state'])).toEqual(['active', 'expired', 'revoked'])
  expect(items[0]).toEqual({
    tenant: 'acme',
    key_id: first['key_id'],
    state: 'active',
    created_at: first['created_at'],
    expires_at: replaced.expires_at,
    revoked_at: null,
    last_used_at: null
  })
  const shown = await gateway.run(['key', 'list', 'acme'])
  for (const line of shown.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)

  const refused = await gateway.run(['key', 'rotate', String(third['key_id']), '--json'])
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'key_revoked' })
})

test('a key given in place of its id is refused and not repeated', async () => {
  const gateway = await gatewayWithTenant()
  const { key } = await gateway.json('key', 'issue', 'acme')
  for (const words of [
    ['key', 'revoke', String(key)],
    ['key', 'revoke', 'x', String(key)],
    ['key', String(key)]
  ]) {
    const refused = await gateway.run(words)
    expect(refused.code).not.toBe(0)
    expect(refused.stdout + refused.stderr).not.toContain(String(key).slice(21, 64))
  }
})

describe('another master key on the same store', () => {
  test('is refused with exit 2, and nothing is issued', async () => {
    const gateway = await gatewayWithTenant()
    await gateway.json('key', 'issue', 'acme')
    writeFileSync(masterKeyOf(gateway.folder), 'x'.repeat(44))
    const refused = await gateway.run(['key', 'issue', 'acme', '--json'])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'master_key_wrong' })
    expect(await gateway.json('key', 'list', 'acme')).toMatchObject({ items: [{}] })
  })

  test('is not made up when the first one is missing', async () => {
    const gateway = await gatewayWithTenant()
    await gateway.json('key', 'issue', 'acme')
    rmSync(masterKeyOf(gateway.folder))
    const refused = await gateway.run(['key', 'issue', 'acme'])
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr: 'connector-gateway: file:./data/master.key cannot be read (ENOENT)\n'
    })
    expect(readIfThere(masterKeyOf(gateway.folder))).toBe('')
  })
})

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
