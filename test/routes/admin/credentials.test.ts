import { expect, test } from 'vitest'
import { addSealedCredential } from '../../support/fixtures/add-sealed-credential.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { canaryKey } from '../../support/fixtures/test-gateway.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const reportsKey = 'bd_v2_reports_4Tk8WzQ1'

const file = gatewayForFile({
  prepare: async setup => ({
    ...(await issueAdminKeys(setup)),
    fingerprint: addSealedCredential(setup, 'reports', reportsKey),
    unknown: addSealedCredential(setup, 'unknown', 'bd_v2_that_the_sandbox_does_not_know'),
    reporter: await setup.addTenant({ name: 'reporter', credentials: ['reports'] }),
    caller: await setup.addTenant({ name: 'caller', credentials: ['unknown'] })
  })
})

async function ask(method: string, target: string) {
  const { adminPort, prepared } = file.gateway
  return await askAdmin(adminPort, { method, target, key: prepared.operator })
}

async function shown(name: string): Promise<unknown> {
  const answer = await ask('GET', `/admin/credentials/${name}`)
  expect(answer.status, answer.body).toBe(200)
  expect(answer.body).not.toContain(reportsKey)
  expect(answer.body).not.toContain(canaryKey)
  return JSON.parse(answer.body)
}

test('a credential is shown by its source and a fingerprint, never by its key', async () => {
  const { fingerprint } = file.gateway.prepared
  const reports = {
    credential: 'reports',
    version: 1,
    source: 'sealed',
    fingerprint,
    since: expect.stringMatching(/Z$/),
    follows_setting: false,
    standby: null,
    state: 'usable'
  }
  expect(await shown('reports')).toEqual(reports)
  const first = JSON.parse((await ask('GET', '/admin/credentials?limit=1')).body)
  expect(first.items).toMatchObject([
    { credential: 'default', source: 'env:TEST_UPSTREAM_KEY', follows_setting: true, state: 'usable' }
  ])
  const rest = JSON.parse((await ask('GET', `/admin/credentials?limit=100&cursor=${first.next}`)).body)
  expect(rest.next).toBeNull()
  expect(rest.items).toContainEqual(reports)
  expect(rest.items).not.toContainEqual(first.items[0])
  expectProblem(await ask('GET', '/admin/credentials?cursor=a'), 'cursor_invalid')
})

test('a credential that the upstream has refused three times in a row is shown as refused', async () => {
  const { port, prepared, connectors } = file.gateway
  const bytes = syncBytes({ key: prepared.caller, connectorId: connectors.sharepoint })
  for (let call = 0; call < 3; call++) expect((await rawRequest(port, bytes))[0]?.status).toBe(502)
  expect(await shown('unknown')).toMatchObject({ state: 'refused' })
  expect(await shown('default')).toMatchObject({ state: 'usable' })
})

test('a credential in use is not removed; an unused one is gone when the removal is answered, and the ledger names who removed it', async () => {
  expectProblem(await ask('DELETE', '/admin/credentials/default'), 'credential_in_use')
  expectProblem(await ask('DELETE', '/admin/credentials/reports'), 'credential_in_use')
  addSealedCredential(file.gateway, 'spare', 'bd_v2_spare_1')
  const removed = await ask('DELETE', '/admin/credentials/spare')
  expect(JSON.parse(removed.body)).toEqual({ credential: 'spare', version: 1 })
  expectProblem(await ask('GET', '/admin/credentials/spare'), 'credential_not_found')
  expectProblem(await ask('DELETE', '/admin/credentials/spare'), 'credential_not_found')
  const entry = file.gateway
    .entries()
    .find(({ kind, credential }) => kind === 'admin.credential.remove' && credential === 'spare@1')
  const actor = `admin-key:${file.gateway.prepared.operatorId}`
  expect(entry).toMatchObject({ actor, generation: expect.any(Number) })
})

test('a removal from altered rows of credentials is refused as sealed, and changes nothing', async () => {
  addSealedCredential(file.gateway, 'altered', 'bd_v2_altered_1')
  const { raw } = file.gateway.store
  const read = raw.prepare("SELECT fingerprint FROM credential_version WHERE credential = 'altered'")
  const write = raw.prepare("UPDATE credential_version SET fingerprint = ? WHERE credential = 'altered'")
  const { fingerprint } = read.get() as { fingerprint: string }
  write.run('another')
  expectProblem(await ask('DELETE', '/admin/credentials/altered'), 'sealed')
  write.run(fingerprint)
  expect((await ask('DELETE', '/admin/credentials/altered')).status).toBe(200)
})
