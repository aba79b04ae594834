import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseApiKey } from '../../../src/tenants/keys/api-key.ts'
import { test } from '../../support/fixtures/test.ts'

test('an admin key is shown once, listed without its secret, and revoked', async ({ cli }) => {
  const issued = await cli.json('admin-key', 'issue', 'alice', '--role', 'operator', '--expires', '90d')
  expect(issued).toEqual({
    key_id: parseApiKey(String(issued['key']), 'cga')?.id,
    name: 'alice',
    role: 'operator',
    key: expect.stringMatching(/^cga_/),
    created_at: expect.any(String),
    expires_at: expect.any(String)
  })
  const people = await cli.run(['admin-key', 'issue', 'dashboard', '--role', 'viewer'])
  expect(people.stdout.match(/cga_\w{66}/g)).toHaveLength(1)

  const { items } = await cli.json('admin-key', 'list')
  expect(items).toEqual([
    {
      key_id: issued['key_id'],
      name: 'alice',
      role: 'operator',
      state: 'active',
      created_at: issued['created_at'],
      expires_at: issued['expires_at'],
      revoked_at: null
    },
    expect.objectContaining({ name: 'dashboard', role: 'viewer', expires_at: null })
  ])
  const listed = await cli.run(['admin-key', 'list'])
  for (const line of listed.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)

  expect(await cli.json('admin-key', 'revoke', String(issued['key_id']))).toMatchObject({
    state: 'revoked',
    changed: true
  })
  const again = await cli.run(['admin-key', 'revoke', String(issued['key_id'])])
  expect(again.stdout).toMatch(
    new RegExp(`^Admin key ${issued['key_id']} of alice was already revoked, at [-0-9T:]+Z[.]\n$`)
  )

  const ledger = (await cli.run(['ledger', 'export'])).stdout
  expect(ledger.match(/"kind":"admin\.admin_key\.(issue|revoke)"/g)).toHaveLength(3)
  const secret = String(issued['key']).slice(21, 64)
  for (const text of [listed.stdout, ledger, readFileSync(join(cli.folder, 'data/gateway.db'), 'latin1')])
    expect(text).not.toContain(secret)
})

test.for([
  [2, ['admin-key', 'issue', 'alice']],
  [2, ['admin-key', 'issue', 'alice', '--role', 'root']],
  [2, ['admin-key', 'issue', 'not a name', '--role', 'viewer']],
  [2, ['admin-key', 'issue', 'alice', '--role', 'viewer', '--expires', '2020-01-01']],
  [1, ['admin-key', 'revoke', 'nobodys']]
] as const)('exit %i for %j, and nothing is issued', async ([code, words], { cli }) => {
  const refused = await cli.run(words)
  expect(refused).toMatchObject({ code, stdout: '' })
  expect(refused.stderr).toMatch(/^connector-gateway: [^\n]+\n$/)
  expect(await cli.json('admin-key', 'list')).toEqual({ items: [], next: null })
})

test('an admin key given in place of its id is refused and not repeated', async ({ cli }) => {
  const { key } = await cli.json('admin-key', 'issue', 'alice', '--role', 'viewer')
  for (const words of [
    ['admin-key', 'revoke', String(key)],
    ['admin-key', 'issue', String(key), '--role', 'viewer'],
    ['admin-key', String(key)]
  ]) {
    const refused = await cli.run(words)
    expect(refused.code).not.toBe(0)
    expect(refused.stdout + refused.stderr).not.toContain(String(key).slice(21, 64))
  }
})
