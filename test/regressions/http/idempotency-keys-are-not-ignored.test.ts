import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { expectRefusal, marker } from '../../support/http/expect-refusal.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { eventually } from '../../support/scenario/wait.ts'

const file = gatewayForFile({
  prepare: async setup => ({
    reader: await setup.addTenant({ name: 'reader', operations: ['read'] }),
    admin: await issueAdminKeys(setup)
  })
})
const refused = {
  errors: [
    {
      pointer: '/headers/idempotency-key',
      detail:
        'is not supported yet: send the request without it, and look at `retryable` and `forwarded` before you repeat it'
    }
  ]
}

describe('a sync with an Idempotency-Key is refused, as the key would have no effect:', () => {
  test.each([
    ['a UUID', '', 'Idempotency-Key: 0199c0de-0000-4000-8000-000000000000'],
    ['a structured text', '', `idempotency-key: "${marker}"`],
    ['nothing', '', 'Idempotency-Key:'],
    ["on the upstream's own path", '/contents/v1', `IDEMPOTENCY-KEY: ${marker}`]
  ])('%s', async (_what, prefix, line) => {
    const { gateway } = file
    const target = `${prefix}/connectors/${gateway.connectors.sharepoint}/sync`
    const bytes = requestBytes({ target, key: gateway.key, body: '{}', more: [line] })
    const { detail, request_id } = await expectRefusal(gateway, bytes, 'request_invalid', refused)
    expect(detail).toBe('Idempotency keys are not supported yet.')
    const entry = await eventually('the refusal is on the ledger', async () =>
      gateway.entries().find(entry => entry.request_id === request_id)
    )
    expect(entry).toMatchObject({ kind: 'call.rejected', code: 'request_invalid' })
  })
})

test('a caller without a valid key learns nothing but that, and the refusal is charged like any request', async () => {
  const { port, key, connectors } = file.gateway
  const more = ['Idempotency-Key: 1']
  const [stranger] = await rawRequest(port, syncBytes({ key: null, connectorId: connectors.email }, { more }))
  expectProblem(stranger, 'credentials_invalid')
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.email }, { more }))
  expect(answer && header(answer, 'ratelimit')).toMatch(/^"tenant";r=\d+/)
})

test('a tenant that may not use the route learns that, not that it should retry without the idempotency key', async () => {
  const { port, connectors, prepared } = file.gateway
  const more = ['Idempotency-Key: 1']
  const bytes = syncBytes({ key: prepared.reader, connectorId: connectors.email }, { more })
  expectProblem((await rawRequest(port, bytes))[0], 'permission_denied')
})

// Two keys were issued for one: the second try of a client that had lost the answer.
test('a change on the admin listener with an idempotency key is refused as well, and changes nothing', async () => {
  const { adminPort, prepared, entries } = file.gateway
  const key = prepared.admin.operator
  const more = ['Idempotency-Key: 1']
  const changes = () => entries().filter(({ kind }) => String(kind).startsWith('admin.')).length
  const before = changes()
  for (const [method, target, body] of [
    ['POST', '/admin/tenants', '{"name":"twice"}'],
    ['POST', '/admin/tenants/reader/keys', '{}'],
    ['PATCH', '/admin/tenants/reader', '{"burst":3}'],
    ['DELETE', '/admin/tenants/reader/grants/*', null]
  ] as const) {
    const sent = body === null ? { framing: null } : { body }
    const bytes = requestBytes({ method, target, key, more, ...sent })
    expectProblem((await rawRequest(adminPort, bytes))[0], 'request_invalid', {
      errors: [
        {
          pointer: '/headers/idempotency-key',
          detail:
            'is not supported yet: send the request without it, and look what has been changed before you repeat it'
        }
      ]
    })
  }
  expect(changes()).toBe(before)
  const bytes = requestBytes({ method: 'GET', target: '/admin/tenants', key, more, framing: null })
  expect((await rawRequest(adminPort, bytes))[0]?.status).toBe(200)
})

test('a read with an idempotency key is served', async () => {
  const { port, key, connectors } = file.gateway
  for (const target of ['/livez', '/problems', `/connectors/${connectors.sharepoint}/syncs`]) {
    const more = ['Idempotency-Key: 1']
    const bytes = requestBytes({ method: 'GET', target, key, more, framing: null })
    expect((await rawRequest(port, bytes))[0]?.status).toBe(200)
  }
})
