import { expect } from 'vitest'
import { issueKey, listKeys, revokeKey, rotateKey } from '../../../src/tenants/keys/keys.ts'
import { createTenant } from '../../../src/tenants/tenants.ts'
import { adminEntries, pepper } from '../../support/fixtures/temporary-store.ts'
import { test as plainTest } from '../../support/fixtures/test.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'

const hour = 3_600_000

const test = plainTest
  .extend('old', async ({ administration }) => {
    await createTenant(administration, { name: 'acme' })
    return await issueKey(administration, pepper, 'acme', null)
  })
  // A rotation needs the key: a test that names `rotate` alone has it too.
  .extend('rotate', ({ administration, old: _ }) => (keyId: string, overlapMs = hour) => {
    return rotateKey(administration, pepper, keyId, { overlapMs })
  })

test('a key is rotated once: the second time is refused, names its successor and changes nothing', async ({
  store,
  administration,
  old,
  rotate
}) => {
  const fresh = await rotate(old.key_id)
  const before = adminEntries(store).length
  await expect(rotate(old.key_id)).rejects.toMatchObject({
    code: 'key_replaced',
    message: `key ${old.key_id} was rotated before and ends at 2026-01-01T01:00:00.000Z: rotate ${fresh.key_id}, which took its place`
  })
  expect(adminEntries(store)).toHaveLength(before)
  const keys = await listKeys(store, 'acme', administration.clock(), { limit: 10 })
  expect(new Map(keys.items.map(key => [key.key_id, key.expires_at]))).toEqual(
    new Map([
      [old.key_id, '2026-01-01T01:00:00.000Z'],
      [fresh.key_id, null]
    ])
  )
})

test('a refusal names the last successor, and does not propose one that is not active', async ({
  administration,
  old,
  rotate
}) => {
  const second = await rotate(old.key_id)
  const third = await rotate(second.key_id)
  await expect(rotate(old.key_id)).rejects.toThrow(`rotate ${third.key_id}, which took its place`)
  await revokeKey(administration, third.key_id)
  await expect(rotate(old.key_id)).rejects.toThrow(
    `${third.key_id}, which took its place, is revoked: issue a new key`
  )
})

test('the refusal of an expired or revoked key names its successor too', async ({
  administration,
  old,
  rotate,
  at
}) => {
  const second = await rotate(old.key_id)
  at('2026-01-01T01:00:00Z')
  await expect(rotate(old.key_id)).rejects.toMatchObject({
    code: 'key_expired',
    message: `key ${old.key_id} has expired: rotate ${second.key_id}, which took its place`
  })
  await revokeKey(administration, old.key_id)
  await expect(rotate(old.key_id)).rejects.toMatchObject({
    code: 'key_revoked',
    message: `key ${old.key_id} is revoked: rotate ${second.key_id}, which took its place`
  })
})

test('the action for an expired replaced key agrees with the detail', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  const { key_id: old } = (await cli.json('key', 'issue', 'acme')) as { key_id: string }
  const { key_id: fresh } = (await cli.json('key', 'rotate', old, '--overlap', '0s')) as { key_id: string }
  const refused = await cli.run(['key', 'rotate', old, '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stderr)).toMatchObject({
    detail: expect.stringContaining(`rotate ${fresh}, which took its place`),
    action: 'Rotate the key that took its place, where `detail` names one; issue a new key otherwise.'
  })
})

test('the ledger gives the successor of a rotation from before the store kept it', async ({
  store,
  administration,
  old,
  rotate
}) => {
  await issueKey(administration, pepper, 'acme', null)
  const fresh = await rotate(old.key_id)
  await issueKey(administration, pepper, 'acme', null)
  store.raw.exec('UPDATE api_key SET replaced_by = NULL')
  await expect(rotate(old.key_id)).rejects.toThrow(`rotate ${fresh.key_id}, which took its place`)
})

test('a key that was issued with an expiry, and never rotated, can be rotated', async ({
  administration,
  rotate
}) => {
  const ending = await issueKey(administration, pepper, 'acme', new Date('2026-01-01T02:00:00Z'))
  expect(await rotate(ending.key_id)).toMatchObject({ expires_at: '2026-01-01T02:00:00.000Z' })
})

test('the command refuses with exit 1 and one line', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  const { key_id: old } = await cli.json('key', 'issue', 'acme')
  const { key_id: fresh } = await cli.json('key', 'rotate', String(old))
  const { code, stdout, stderr } = await cli.run(['key', 'rotate', String(old)])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(new RegExp(`rotate ${fresh}, which took its place\n$`))
})

test('the admin API refuses with 409', async ({ startGateway }) => {
  const gateway = await startGateway({ prepare: issueAdminKeys })
  const ask = (target: string) =>
    askAdmin(gateway.adminPort, { method: 'POST', target, key: gateway.prepared.operator, body: {} })
  const { key_id: old } = JSON.parse((await ask('/admin/tenants/acme/keys')).body)
  const { key_id: fresh } = JSON.parse((await ask(`/admin/keys/${old}/rotate`)).body)
  const problem = expectProblem(await ask(`/admin/keys/${old}/rotate`), 'key_replaced')
  expect(problem).toMatchObject({ status: 409, detail: expect.stringContaining(`Key ${old} was rotated`) })
  expect(problem.detail).toContain(fresh)
})
