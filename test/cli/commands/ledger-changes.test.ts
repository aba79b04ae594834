import { hostname, userInfo } from 'node:os'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { header } from '../../support/http/http-answer.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

test('the ledger records a command with user, host and who became that user by sudo', async ({ cli }) => {
  await cli.runProcess(['tenant', 'create', 'acme'], { SUDO_USER: 'alice' })
  await cli.runProcess(['tenant', 'disable', 'acme'], { SUDO_USER: 'bd_v2_x y\n' })
  const { items } = await cli.json('ledger', 'list', '--kind', 'admin.*')
  const actor = { actor: `cli:${userInfo().username}`, actor_host: hostname() }
  expect(items).toEqual([
    expect.not.objectContaining({ actor_sudo: expect.anything() }),
    expect.objectContaining({ ...actor, actor_sudo: 'alice' })
  ])
  expect(items).toMatchObject([actor, actor])
  expect((await cli.run(['ledger', 'list'])).stdout).toContain(`on ${hostname()}, by sudo of alice\n`)
})

test.for(['jürgen', '用户', 'EXAMPLE\\First Last'])(
  'the ledger names users of a directory, such as %s',
  async (name, { cli }) => {
    await cli.runProcess(['tenant', 'create', 'acme'], { SUDO_USER: name })
    const { items } = await cli.json('ledger', 'list', '--kind', 'admin.*')
    expect(items).toMatchObject([{ actor_sudo: name }])
  }
)

test.for(['\u202ealice', 'a\u001b[31mb', 'x'.repeat(66), '-rf', ' alice'])(
  '%j is no user and is left out',
  async (name, { cli }) => {
    await cli.runProcess(['tenant', 'create', 'acme'], { SUDO_USER: name })
    const { items } = await cli.json('ledger', 'list', '--kind', 'admin.*')
    expect(items).toEqual([expect.not.objectContaining({ actor_sudo: expect.anything() })])
  }
)

test('lists show people the changed values below each change, in lines of at most 100 columns', async ({
  cli
}) => {
  await cli.json('tenant', 'create', 'acme', '--burst', '7', '--connectors', connector)
  await cli.json('tenant', 'update', 'acme', '--rate', '120', '--burst', '8')
  await cli.json('grant', 'remove', 'acme', connector)
  const { stdout } = await cli.run(['ledger', 'list', '--kind', 'admin.*'])
  expect(stdout.split('\n').every(line => line.length <= 100)).toBe(true)
  const changes = stdout.split('\n').filter(line => line.startsWith('    ') && !line.includes('by cli:'))
  expect(changes).toEqual([
    `    - connector: ${connector}`,
    '    burst: 7 -> 8',
    '    rate_per_minute: 60 -> 120',
    `    + connector: ${connector}`,
    '    + addresses: any',
    '    + burst: 7',
    '    + credentials: default',
    '    + operations: sync, read',
    '    + rate_per_minute: 60'
  ])
})

test('lists show people which key or credential a change was about', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  const { key_id: keyId } = await cli.json('key', 'issue', 'acme')
  await cli.json('key', 'revoke', String(keyId))
  const admin = await cli.json('admin-key', 'issue', 'alice', '--role', 'viewer')
  const listed = async (kind: string) =>
    (await cli.run(['ledger', 'list', '--kind', kind])).stdout.split('\n').slice(2)
  expect((await listed('admin.key.*')).filter(line => line.startsWith('    of '))).toEqual([
    `    of key ${keyId}`,
    `    of key ${keyId}`
  ])
  expect(await listed('admin.admin_key.*')).toContain(`    of key ${admin['key_id']}`)
  await cli.run(['credential', 'add', 'reports', '--from', 'env:REPORTS'], {
    REPORTS: 'bd_v2_made_up_key'
  })
  expect(await listed('admin.credential.*')).toContain('    of credential reports@1')
})

test('a request that made a change is found by its id, with the changed values', async ({
  cli,
  startGateway
}) => {
  const gateway = await startGateway({ prepare: issueAdminKeys })
  const ask = (method: string, target: string, body?: unknown) =>
    askAdmin(gateway.adminPort, { method, target, key: gateway.prepared.operator, body })
  await ask('POST', '/admin/tenants', { name: 'life', burst: 5 })
  const answer = await ask('PATCH', '/admin/tenants/life', { burst: 6, disabled: true })
  const requestId = String(header(answer, 'x-request-id'))
  const story = JSON.parse((await ask('GET', `/admin/ledger/${requestId}`)).body)
  const actor = `admin-key:${gateway.prepared.operatorId}`
  expect(story).toMatchObject({
    items: [
      {
        kind: 'admin.tenant.update',
        actor,
        request_id: requestId,
        before: { burst: 5 },
        after: { burst: 6 }
      },
      { kind: 'admin.tenant.disable', request_id: requestId, after: { disabled: true } }
    ],
    next: null
  })
  const found = await ask('GET', `/admin/ledger?request_id=${requestId}&kind=admin.tenant.*&tenant=life`)
  expect(JSON.parse(found.body).items).toHaveLength(2)

  const env = { GATEWAY_STORE_URL: `sqlite:${gateway.store.path}` }
  const shown = await cli.run(['ledger', 'show', requestId], env)
  expect(shown.stdout).toContain(
    `\nadmin.tenant.update life\n    burst: 5 -> 6\n    by ${actor}\n\nadmin.tenant.disable life\n    disabled: false -> true\n`
  )
  expect(await cli.run(['ledger', 'verify'], env)).toMatchObject({ code: 0 })
})
