import { afterEach, beforeEach, expect, test } from 'vitest'
import { Problem } from '../../src/contract/problem.ts'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import { marker } from '../support/http/expect-refusal.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const connectorId = '0000000A-0000-4000-8000-00000000000B'
const caller = { tenant: 'acme', key_id: 'testkey' }

let app: TestApp
beforeEach(async () => {
  app = await startTestApp({
    contentApi: { startSync: () => Promise.reject(new Problem('connector_not_found')) }
  })
})
afterEach(() => app.close())

async function send(parts: RequestParts = {}, key = testKey): Promise<string> {
  const [answer] = await rawRequest(app.port, syncBytes({ key, connectorId }, parts), { from: '127.3.0.1' })
  return JSON.parse(answer?.body ?? '').request_id
}

/** What was recorded, without members that do not apply. */
function recorded(): unknown {
  return JSON.parse(JSON.stringify(app.rejections))
}

test.each([
  ['connector_not_found', 404, {}, caller],
  ['request_malformed', 400, { body: '{' }, caller],
  ['request_invalid', 400, { body: '[]' }, caller],
  ['media_type_unsupported', 415, { headers: ['Host: a'] }, caller],
  ['payload_too_large', 413, { framing: 'Content-Length: 20000' }, caller]
] as const)(
  'a call that ends in %s is recorded with who asked and for what',
  async (code, status, parts, who) => {
    const requestId = await send(parts)
    expect(recorded()).toEqual([
      {
        request_id: requestId,
        code,
        status,
        client_ip: '127.3.0.1',
        operation: 'connector.sync',
        connector_id: connectorId.toLowerCase(),
        ...who
      }
    ])
  }
)

test('a call without a valid key is recorded without a tenant, and without the key that was tried', async () => {
  const requestId = await send({}, marker)
  expect(recorded()).toEqual([
    {
      request_id: requestId,
      code: 'credentials_invalid',
      status: 401,
      client_ip: '127.3.0.1',
      operation: 'connector.sync',
      connector_id: connectorId.toLowerCase()
    }
  ])
})

test('a text that is not a connector id is not recorded', async () => {
  const bytes = syncBytes({ key: testKey, connectorId: marker })
  await rawRequest(app.port, bytes)
  expect(app.rejections).toHaveLength(1)
  expect(JSON.stringify(app.rejections)).not.toContain(marker)
})

test('a call over the tenant’s limit is recorded', async () => {
  for (let call = 0; call < 4; call++) await send()
  expect(app.rejections.at(-1)).toMatchObject({ code: 'rate_limited', ...caller })
})

test('a request that is not a call is not recorded', async () => {
  for (const target of ['/nowhere', '/problems/none', '/livez'])
    await rawRequest(app.port, requestBytes({ method: 'GET', target }))
  expect(app.rejections).toEqual([])
})
