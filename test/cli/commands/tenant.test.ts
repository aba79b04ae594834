import { expect, test } from 'vitest'
import { refusalTable } from '../../../src/contract/refusal-table.ts'
import { openStore } from '../../../src/store/store.ts'
import { commandLine } from '../../support/cli/command-line.ts'
import { adminEntries } from '../../support/fixtures/temporary-store.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

async function kinds(storePath: string): Promise<string[]> {
  const store = await openStore(`sqlite:${storePath}`)
  try {
    return adminEntries(store).map(entry => entry.kind)
  } finally {
    store.close()
  }
}

test('a tenant is created, listed, shown, disabled and enabled, each change with its chained entry', async () => {
  const gateway = commandLine()
  const created = await gateway.json(
    ...['tenant', 'create', 'acme', '--connectors', `${connector.toUpperCase()},*`],
    ...['--rate', '120', '--burst', '20']
  )
  expect(created).toEqual({
    tenant: 'acme',
    disabled: false,
    created_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
    disabled_at: null,
    rate_per_minute: 120,
    burst: 20,
    operations: ['sync', 'read'],
    addresses: null,
    credentials: ['default'],
    connectors: ['*', connector]
  })
  const { connectors, ...listed } = created
  expect(await gateway.json('tenant', 'list')).toEqual({ items: [listed], next: null })
  expect(await gateway.json('tenant', 'show', 'acme')).toEqual({ ...listed, connectors })
  expect(await gateway.json('tenant', 'disable', 'acme')).toMatchObject({ disabled: true, changed: true })
  expect(await gateway.json('tenant', 'disable', 'acme')).toMatchObject({ disabled: true, changed: false })
  expect(await gateway.json('tenant', 'enable', 'acme')).toMatchObject({ disabled: false, changed: true })
  expect(await kinds(gateway.storePath)).toEqual([
    'admin.tenant.create',
    'admin.grant.add',
    'admin.grant.add',
    'admin.tenant.disable',
    'admin.tenant.enable'
  ])
})

test('a new tenant has no grants unless they are given', async () => {
  expect(await commandLine().json('tenant', 'create', 'acme')).toMatchObject({ connectors: [] })
})

test('a refused change exits 1, says why on standard error and leaves no entry', async () => {
  const gateway = commandLine()
  await gateway.json('tenant', 'create', 'acme')
  expect(await gateway.run(['tenant', 'create', 'acme'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'connector-gateway: tenant acme exists already\n'
  })
  const refused = await gateway.run(['tenant', 'disable', 'nobody', '--json'])
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(JSON.parse(refused.stderr)).toEqual({
    type: '/problems/tenant_not_found',
    title: 'Tenant not found',
    status: 404,
    detail: 'there is no tenant with this name',
    code: 'tenant_not_found',
    action: refusalTable.tenant_not_found.action
  })
  expect(await kinds(gateway.storePath)).toEqual(['admin.tenant.create'])
})

test('lists for people fit 100 columns and say how to continue', async () => {
  const gateway = commandLine()
  const rate = ['--rate', '1000000000', '--burst', '1000000000']
  await gateway.json('tenant', 'create', 'a'.repeat(63), ...rate)
  await gateway.json('tenant', 'create', 'b'.repeat(63), ...rate)
  const { stdout } = await gateway.run(['tenant', 'list', '--limit', '1'])
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  const cursor = /--cursor (\S+)/.exec(stdout)?.[1] ?? ''
  const rest = await gateway.json('tenant', 'list', '--cursor', cursor)
  expect(rest).toMatchObject({ items: [{ tenant: 'b'.repeat(63) }], next: null })
})

test('two commands at once on a store that does not exist yet both succeed', async () => {
  const gateway = commandLine()
  const both = await Promise.all(['one', 'two'].map(name => gateway.runProcess(['tenant', 'create', name])))
  expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' }
  ])
  const keys = await Promise.all(['one', 'two'].map(name => gateway.json('key', 'issue', name)))
  expect(keys.map(key => key['tenant'])).toEqual(['one', 'two'])
  expect(await kinds(gateway.storePath)).toHaveLength(4)
})

test('a store that cannot be opened exits 2 with one line', async () => {
  const gateway = commandLine()
  const failed = await gateway.run(['tenant', 'list'], { GATEWAY_STORE_URL: 'sqlite:/dev/null/gateway.db' })
  expect(failed).toMatchObject({ code: 2, stdout: '' })
  expect(failed.stderr).toMatch(/^connector-gateway: cannot open the store [^\n]+\n$/)
})
