import { expect } from 'vitest'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'

const one = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const two = '019a9612-bfad-758c-884e-37dd8c6ad2cc'

async function tenantWith(gateway: CommandLine, connectors: string) {
  await gateway.json('tenant', 'create', 'acme', '--connectors', connectors)
  const held = async () =>
    ((await gateway.json('grant', 'list', 'acme'))['items'] as { connector_id: string }[]).map(
      grant => grant.connector_id
    )
  return { ...gateway, held }
}

test.for(['*', `*,${one}`])(
  'one connector of a tenant that holds %s is not taken back: the command says why, exit 1, nothing changed',
  async (connectors, { cli }) => {
    const gateway = await tenantWith(cli, connectors)
    const before = await gateway.held()
    expect(await gateway.run(['grant', 'remove', 'acme', one])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'connector-gateway: tenant acme reaches every connector through *, also this one: nothing is changed; ' +
        'grant the connectors that it is to keep, then remove *\n'
    })
    const asJson = await gateway.run(['grant', 'remove', 'acme', one, two, '--json'])
    expect(asJson).toMatchObject({ code: 1, stdout: '' })
    expect(JSON.parse(asJson.stderr)).toMatchObject({ code: 'grant_covered', status: 409 })
    expect(await gateway.held()).toEqual(before)
  }
)

test('a grant removed together with * goes', async ({ cli }) => {
  const gateway = await tenantWith(cli, `*,${one}`)
  expect(await gateway.run(['grant', 'remove', 'acme', one, '*'])).toEqual({
    code: 0,
    stdout: `${one} removed\n* removed\ntenant acme reaches no connector now\n`,
    stderr: ''
  })
})

test('the command names the grants that stay when * goes', async ({ cli }) => {
  const gateway = await tenantWith(cli, `*,${one},${two}`)
  const { stdout } = await gateway.run(['grant', 'remove', 'acme', '*'])
  expect(stdout).toBe(`* removed\ntenant acme still reaches ${one}, ${two}\n`)
  expect(await gateway.run(['grant', 'remove', 'acme', '*'])).toMatchObject({
    code: 0,
    stdout: `* was not granted\ntenant acme still reaches ${one}, ${two}\n`
  })
})

test('some of many remaining grants are named, the others counted', async ({ cli }) => {
  const ids = Array.from({ length: 12 }, (_, index) => `${one.slice(0, -2)}${index + 10}`)
  const gateway = await tenantWith(cli, ids.join())
  const { stdout } = await gateway.run(['grant', 'remove', 'acme', '*'])
  expect(stdout).toContain(`${ids[9]} and 2 more: see grant list\n`)
  expect(stdout).not.toContain(ids[10])
})

test('the command says that a grant has no effect because of *', async ({ cli }) => {
  const gateway = await tenantWith(cli, '*')
  expect(await gateway.run(['grant', 'add', 'acme', one])).toMatchObject({
    code: 0,
    stdout: `${one} granted\ntenant acme reaches every connector through *: this has no effect while * stays\n`
  })
  expect(await gateway.run(['grant', 'add', 'acme', '*'])).toMatchObject({
    code: 0,
    stdout: '* was granted already\nthe single grant to tenant acme besides * has no effect while * stays\n'
  })
})

test('a command that changes nothing says since when, and exits 0', async ({ cli }) => {
  const gateway = await tenantWith(cli, one)
  const { key_id } = await gateway.json('key', 'issue', 'acme')
  const { key_id: admin } = await gateway.json('admin-key', 'issue', 'alice', '--role', 'viewer')
  for (const [words, said] of [
    [['key', 'revoke', String(key_id)], `Key ${key_id} of tenant acme was already revoked, at 2`],
    [['admin-key', 'revoke', String(admin)], `Admin key ${admin} of alice was already revoked, at 2`],
    [['tenant', 'disable', 'acme'], 'Tenant acme was already disabled since 2'],
    [['tenant', 'enable', 'acme'], 'Tenant acme was already enabled.'],
    [['grant', 'add', 'acme', one], `${one} was granted already`]
  ] as const) {
    await gateway.run(words)
    const { code, stdout } = await gateway.run(words)
    expect(code).toBe(0)
    expect(stdout).toContain(said)
  }
})

test('the admin API refuses with 409, and removes *', async ({ startGateway }) => {
  const gateway = await startGateway({ prepare: issueAdminKeys })
  const remove = (connector: string) =>
    askAdmin(gateway.adminPort, {
      method: 'DELETE',
      target: `/admin/tenants/acme/grants/${connector}`,
      key: gateway.prepared.operator
    })
  const problem = expectProblem(await remove(one), 'grant_covered')
  expect(problem).toMatchObject({
    status: 409,
    detail: expect.stringContaining('through *, also this one: nothing is changed')
  })
  expect(await remove('*')).toMatchObject({ status: 200 })
  expect(await remove(one)).toMatchObject({ status: 200 })
})
