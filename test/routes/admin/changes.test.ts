import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile({ prepare: issueAdminKeys })
const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

async function change(method: string, target: string, body?: unknown): Promise<Record<string, unknown>> {
  const { adminPort, prepared } = file.gateway
  const answer = await askAdmin(adminPort, { method, target, key: prepared.operator, body })
  expect(answer.status, answer.body).toBeLessThan(300)
  return JSON.parse(answer.body)
}

async function read(target: string): Promise<{ items: Record<string, unknown>[]; next: string | null }> {
  const { adminPort, prepared } = file.gateway
  const answer = await askAdmin(adminPort, { target, key: prepared.viewer })
  expect(answer.status, answer.body).toBe(200)
  return JSON.parse(answer.body)
}

async function refused(method: string, target: string, body?: unknown) {
  const { adminPort, prepared } = file.gateway
  return await askAdmin(adminPort, { method, target, key: prepared.operator, body })
}

async function sync(key: unknown): Promise<number | undefined> {
  const { port, connectors } = file.gateway
  const bytes = syncBytes({ key: String(key), connectorId: connectors.sharepoint })
  return (await rawRequest(port, bytes))[0]?.status
}

/** The ledger's entries of administrators about a tenant, oldest first: what changed, and by whom. */
function adminEntries(tenant: string) {
  return file.gateway
    .entries()
    .filter(entry => String(entry.kind).startsWith('admin.') && entry.tenant === tenant)
    .map(({ kind, actor, fields, key_id, connector_id }) => ({ kind, actor, fields, key_id, connector_id }))
}

/** The requests that asked for those changes, and their values. */
function recordedOf(name: string) {
  const entries = file.gateway
    .entries()
    .filter(({ kind, tenant }) => String(kind).startsWith('admin.') && tenant === name)
  return {
    requests: entries.flatMap(({ actor, request_id }) =>
      String(actor).startsWith('admin-key:') ? [request_id] : []
    ),
    values: entries.map(({ before, after }) => ({ before, after }))
  }
}

test('the life of a tenant: each change is effective when it is answered, and in the ledger by name', async () => {
  const { sharepoint } = file.gateway.connectors
  const tenant = { name: 'life', rate_per_minute: 987654321, connectors: [sharepoint.toUpperCase()] }
  expect(await change('POST', '/admin/tenants', tenant)).toMatchObject({
    tenant: 'life',
    rate_per_minute: 987654321,
    burst: 10,
    connectors: [sharepoint]
  })
  const issued = await change('POST', '/admin/tenants/life/keys', {})
  expect(issued).toMatchObject({ tenant: 'life', key: expect.stringMatching(/^cgw_/), expires_at: null })
  expect(await sync(issued['key'])).toBe(200)

  const taken = await change('DELETE', `/admin/tenants/life/grants/${sharepoint}`)
  expect(taken).toEqual({ tenant: 'life', connectors: [sharepoint], changed: [sharepoint] })
  expect(await sync(issued['key'])).toBe(404)
  expect(await change('PUT', '/admin/tenants/life/grants/*')).toMatchObject({ changed: ['*'] })
  expect(await sync(issued['key'])).toBe(200)

  expect(await change('PATCH', '/admin/tenants/life', { disabled: true })).toMatchObject({ disabled: true })
  expect(await sync(issued['key'])).toBe(401)
  const update = { disabled: false, rate_per_minute: null, burst: 876543 }
  expect(await change('PATCH', '/admin/tenants/life', update)).toMatchObject({
    disabled: false,
    rate_per_minute: 60,
    burst: 876543,
    changed: ['rate_per_minute', 'burst', 'disabled']
  })
  expect(await change('PATCH', '/admin/tenants/life', update)).toMatchObject({ changed: [] })

  const rotated = await change('POST', `/admin/keys/${issued['key_id']}/rotate`, { overlap_seconds: 0 })
  expect(rotated).toMatchObject({ replaces: { key_id: issued['key_id'] } })
  expect([await sync(issued['key']), await sync(rotated['key'])]).toEqual([401, 200])
  expect(await change('DELETE', `/admin/keys/${rotated['key_id']}`)).toMatchObject({
    state: 'revoked',
    changed: true
  })
  expect(await sync(rotated['key'])).toBe(401)
  expect(await change('DELETE', `/admin/keys/${rotated['key_id']}`)).toMatchObject({ changed: false })

  const actor = `admin-key:${file.gateway.prepared.operatorId}`
  expect(adminEntries('life')).toEqual([
    { kind: 'admin.tenant.create', actor, fields: ['rate_per_minute'] },
    { kind: 'admin.grant.add', actor, connector_id: sharepoint },
    { kind: 'admin.key.issue', actor, key_id: issued['key_id'] },
    { kind: 'admin.grant.remove', actor, connector_id: sharepoint },
    { kind: 'admin.grant.add', actor, connector_id: '*' },
    { kind: 'admin.tenant.disable', actor },
    { kind: 'admin.tenant.update', actor, fields: ['rate_per_minute', 'burst'] },
    { kind: 'admin.tenant.enable', actor },
    { kind: 'admin.key.issue', actor, key_id: rotated['key_id'] },
    { kind: 'admin.key.rotate', actor, key_id: issued['key_id'], fields: ['expires_at'] },
    { kind: 'admin.key.revoke', actor, key_id: rotated['key_id'] }
  ])
  const recorded = file.gateway.entries().filter(({ kind }) => String(kind).startsWith('admin.'))
  const { requests, values } = recordedOf('life')
  expect(new Set(requests).size).toBe(8)
  expect(values).toMatchObject([
    { after: { rate_per_minute: 987654321, burst: 10, addresses: null } },
    { after: { connector: sharepoint } },
    { after: { expires_at: null } },
    { before: { connector: sharepoint } },
    { after: { connector: '*' } },
    { before: { disabled: false }, after: { disabled: true } },
    { before: { rate_per_minute: 987654321, burst: 10 }, after: { rate_per_minute: 60, burst: 876543 } },
    { before: { disabled: true }, after: { disabled: false } },
    { after: { expires_at: null } },
    { before: { replaced_by: null }, after: { replaced_by: rotated['key_id'] } },
    { before: { revoked_at: null }, after: { revoked_at: expect.any(String) } }
  ])
  expect(JSON.stringify(recorded)).not.toMatch(/cg[aw]_/)
  expect(await verifyLedger(readStore(file.gateway.store.raw))).toMatchObject({ faults: [] })
})

test('a change is recorded by a gateway that signs it', async () => {
  await change('POST', '/admin/tenants', { name: 'signed' })
  const entry = file.gateway.entries().find(({ tenant }) => tenant === 'signed')
  expect(entry).toMatchObject({ signer: expect.any(String), signature: expect.any(String) })
  const opened = file.gateway.entries().find(({ writer, seq }) => writer === entry?.writer && seq === 1)
  expect(opened).toMatchObject({ kind: 'writer.opened', role: 'admin' })
})

describe('a change that a rule refuses has its own code, and changes nothing:', () => {
  test.each([
    ['tenant_exists', 'POST', '/admin/tenants', { name: 'acme' }],
    ['expiry_invalid', 'POST', '/admin/tenants/acme/keys', { expires_at: '2020-01-01T00:00:00Z' }]
  ] as const)('%s', async (code, method, target, body) => {
    const before = file.gateway.entries().length
    expectProblem(await refused(method, target, body), code)
    expect(file.gateway.entries()).toHaveLength(before)
  })

  test('key_revoked and key_expired', async () => {
    const first = await change('POST', '/admin/tenants/acme/keys', {})
    await change('POST', `/admin/keys/${first['key_id']}/rotate`, { overlap_seconds: 0 })
    expectProblem(await refused('POST', `/admin/keys/${first['key_id']}/rotate`, {}), 'key_expired')
    const second = await change('POST', '/admin/tenants/acme/keys', {})
    await change('DELETE', `/admin/keys/${second['key_id']}`)
    expectProblem(await refused('POST', `/admin/keys/${second['key_id']}/rotate`, {}), 'key_revoked')
  })

  test.each(['/admin/tenants', '/admin/tenants/acme/keys', '/admin/tenants/acme/grants', '/admin/limits'])(
    'cursor_invalid of %s',
    async path => {
      expectProblem(await refused('GET', `${path}?cursor=a`), 'cursor_invalid')
    }
  )
})

test('lists are read page by page, each item once', async () => {
  for (const name of ['page-1', 'page-2', 'page-3']) await change('POST', '/admin/tenants', { name })
  const all = (await read('/admin/tenants?limit=100')).items.map(item => item['tenant'])
  const seen: unknown[] = []
  for (let query = '?limit=2'; ; ) {
    const { items, next } = await read(`/admin/tenants${query}`)
    seen.push(...items.map(item => item['tenant']))
    if (next === null) break
    query = `?limit=2&cursor=${next}`
  }
  expect(seen).toEqual(all)
  expect(all).toEqual(expect.arrayContaining(['acme', 'page-1', 'page-2', 'page-3']))
})

test('the ledger is searched by every member of the query, and one request has all its entries', async () => {
  const { key } = await change('POST', '/admin/tenants/acme/keys', {})
  await sync(key)
  const [outcome] = (await read('/admin/ledger?tenant=acme&outcome=accepted&kind=call.*&limit=1')).items
  expect(outcome).toMatchObject({ kind: 'call.outcome', tenant: 'acme', code: 'accepted' })
  const { request_id, connector_id, key_id, at } = outcome ?? {}
  const query = `request_id=${request_id}&connector_id=${connector_id}&key_id=${key_id}&code=accepted&since=${at}`
  expect((await read(`/admin/ledger?${query}`)).items).toEqual([outcome])
  expect((await read(`/admin/ledger?${query}&until=${at}`)).items).toEqual([])
  const { items, next } = await read(`/admin/ledger/${request_id}`)
  expect(items.map(item => item['kind'])).toEqual(['call.intent', 'call.outcome'])
  expect(next).toBeNull()
  const first = await read('/admin/ledger?limit=1')
  const second = await read(`/admin/ledger?limit=1&cursor=${first.next}`)
  expect(second.items[0]).not.toEqual(first.items[0])
})

test('a limit in use is shown until it is full again, and showing it uses up nothing', async () => {
  await change('POST', '/admin/tenants', { name: 'narrow', rate_per_minute: 1, burst: 3, connectors: ['*'] })
  const { key } = await change('POST', '/admin/tenants/narrow/keys', {})
  expect((await read('/admin/limits?tenant=narrow')).items).toEqual([])
  await sync(key)
  const shown = { tenant: 'narrow', rate_per_minute: 1, burst: 3, remaining: 2, full_in_seconds: 60 }
  for (let time = 0; time < 5; time++)
    expect((await read('/admin/limits?tenant=narrow')).items).toEqual([shown])
  expect((await read('/admin/limits')).items).toContainEqual(shown)
})

test('a change whose ledger entry cannot be stored is not made, and the next one is', async () => {
  const { raw } = file.gateway.store
  raw.exec(`CREATE TRIGGER no_change BEFORE INSERT ON ledger_batch WHEN NEW.texts LIKE '%"kind":"admin.%'
    BEGIN SELECT RAISE(ABORT, 'not now'); END`)
  const answer = await refused('POST', '/admin/tenants', { name: 'undone' })
  raw.exec('DROP TRIGGER no_change')
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 'store_unavailable',
    detail: 'The store has failed. The change may have been made: look before you repeat it.',
    retryable: false
  })
  expectProblem(await refused('GET', '/admin/tenants/undone'), 'tenant_not_found')
  await change('POST', '/admin/tenants', { name: 'undone' })
  expect(adminEntries('undone')).toHaveLength(1)
  expect(await sync(file.gateway.key)).toBe(200)
})

test('changes and calls at the same time are all made, and the chains hold', async () => {
  const { key } = file.gateway
  const names = Array.from({ length: 20 }, (_, number) => `crowd-${number}`)
  const made = await Promise.all(
    names.flatMap(name => [
      change('POST', '/admin/tenants', { name, connectors: ['*'] }),
      sync(key),
      sync(key)
    ])
  )
  expect(made.filter(one => one === 200)).toHaveLength(40)
  for (const name of names) expect(adminEntries(name)).toHaveLength(2)
  expect(await verifyLedger(readStore(file.gateway.store.raw))).toMatchObject({ faults: [] })
})

test('while the store is not there, reads and changes are 503, and both work again afterwards', async () => {
  const path = join(file.gateway.folder, 'gateway.db')
  await read('/admin/tenants')
  renameSync(path, `${path}.away`)
  const answers = [
    await refused('GET', '/admin/tenants'),
    await refused('PUT', `/admin/tenants/acme/grants/${connector}`)
  ]
  renameSync(`${path}.away`, path)
  for (const answer of answers) expectProblem(answer, 'store_unavailable', { retryAfter: 1 })
  expect(await change('PUT', `/admin/tenants/acme/grants/${connector}`)).toMatchObject({
    changed: [connector]
  })
  expect((await read('/admin/tenants/acme/grants')).items).toHaveLength(2)
})

test('the log names the admin key by its id, and holds no key', async () => {
  const { prepared } = file.gateway
  await change('POST', '/admin/tenants/acme/keys', {})
  const logged = file.gateway.logged()
  expect(logged).toContain(`"admin_key_id":"${prepared.operatorId}"`)
  for (const key of [prepared.operator, prepared.viewer]) expect(logged).not.toContain(key.slice(21, 64))
  expect(logged).not.toMatch(/cg[aw]_[a-z2-7]{16}_/)
})
