import { describe, expect } from 'vitest'
import { type ProblemCode, problemCodes } from '../../src/contract/problem.ts'
import { problemTable } from '../../src/contract/problem-table.ts'
import type { Limiter } from '../../src/limits/limiter.ts'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { SANDBOX_KEY, startSandbox } from '../../src/sandbox/sandbox.ts'
import { Budget } from '../../src/upstream/budget.ts'
import { contentApi } from '../../src/upstream/content-api.ts'
import { createForwarder } from '../../src/upstream/forwarder.ts'
import { Transport } from '../../src/upstream/transport/transport.ts'
import { heldCredentials } from '../support/fixtures/held-credentials.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'
import { testWithGateway } from '../support/fixtures/test.ts'
import { startTestApp, testKey, testTenant } from '../support/fixtures/test-app.ts'
import { startTestGateway } from '../support/fixtures/test-gateway.ts'
import { deadOrigin } from '../support/http/dead-origin.ts'
import { type ExpectedProblem, expectProblem } from '../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '1000' } })
test.beforeEach(({ gateway }) => gateway.sandbox.faults.clear())

/** One way to each code that a whole gateway can be brought to answer: what is wrong with the call, or upstream. */
type Way = {
  readonly code: ProblemCode
  readonly parts?: RequestParts
  readonly fault?: FaultRule
  readonly expected?: ExpectedProblem
}
const anId = '00000000-0000-4000-8000-000000000000'
const answered = (status: number): ExpectedProblem => ({ forwarded: 'yes', upstream: { status } })

const ways: readonly Way[] = [
  { code: 'request_malformed', parts: { body: '{' } },
  {
    code: 'request_invalid',
    parts: { body: '{"date_limit":"2026-02-30"}' },
    expected: { errors: [{ pointer: '/date_limit', detail: 'must be a calendar date, YYYY-MM-DD' }] }
  },
  { code: 'credentials_invalid', parts: { key: null } },
  { code: 'route_not_found', parts: { target: '/nowhere' } },
  { code: 'method_not_allowed', parts: { method: 'PUT' } },
  { code: 'payload_too_large', parts: { body: `${' '.repeat(16 * 1024)}{}` } },
  { code: 'uri_too_long', parts: { target: `/connectors/${'a'.repeat(65)}/sync` } },
  { code: 'media_type_unsupported', parts: { headers: ['Host: gateway', 'Content-Type: text/plain'] } },
  { code: 'headers_too_large', parts: { more: [`X-Filler: ${'a'.repeat(9 * 1024)}`] } },
  {
    code: 'upstream_credential_rejected',
    fault: { fault: 'firewall-page', options: { status: 401 } },
    expected: answered(401)
  },
  { code: 'upstream_refused', fault: { fault: 'firewall-page' }, expected: answered(403) },
  {
    code: 'upstream_failed',
    fault: { fault: 'empty-answer', options: { status: 502 } },
    expected: answered(502)
  },
  {
    code: 'upstream_answer_invalid',
    fault: { fault: 'redirect', options: { status: 307 } },
    expected: answered(307)
  },
  {
    code: 'upstream_busy',
    fault: { fault: 'rate-limited', options: { retry_after: 'seconds', seconds: 7 } },
    expected: { ...answered(429), retryAfter: 7 }
  },
  { code: 'upstream_timeout', fault: { fault: 'silent' }, expected: { forwarded: 'unknown' } }
]

describe('a problem over a socket has exactly the members of the envelope:', () => {
  test.for(ways)('$code', async ({ code, parts, fault, expected }, { gateway }) => {
    if (fault) gateway.sandbox.faults.set(fault)
    const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
    expectProblem((await rawRequest(gateway.port, syncBytes(call, parts)))[0], code, expected)
  })

  test('connector_not_found, from the upstream', async ({ gateway }) => {
    const [answer] = await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId: anId }))
    const upstream = { status: 404, code: 'NotFound', request_id: expect.any(String) }
    expectProblem(answer, 'connector_not_found', { forwarded: 'yes', upstream })
  })

  test('request_refused, from the upstream', async ({ gateway }) => {
    const call = { key: gateway.key, connectorId: gateway.connectors.investment_research }
    const [answer] = await rawRequest(gateway.port, syncBytes(call))
    const upstream = { status: 400, code: 'BadRequest', request_id: expect.any(String) }
    expectProblem(answer, 'request_refused', { forwarded: 'yes', upstream })
  })

  test('the members of a problem are in the order of the contract', async ({ gateway }) => {
    const call = { key: gateway.key, connectorId: gateway.connectors.investment_research }
    const [answer] = await rawRequest(gateway.port, syncBytes(call))
    expect(Object.keys(JSON.parse(answer?.body ?? ''))).toEqual([
      ...['type', 'title', 'status', 'detail', 'code', 'action', 'request_id', 'retryable', 'forwarded'],
      'upstream'
    ])
  })

  test('method_not_allowed, with what is allowed', async ({ gateway }) => {
    const call = { key: gateway.key, connectorId: anId }
    const [answer] = await rawRequest(gateway.port, syncBytes(call, { method: 'DELETE' }))
    expectProblem(answer, 'method_not_allowed')
    expect(answer && header(answer, 'allow')).toBe('POST')
  })

  test('permission_denied, for a tenant that may not use the operation', async ({ startApp }) => {
    const caller = { tenant: { ...testTenant, permissions: new Set(['read'] as const) }, keyId: 'testkey' }
    const app = await startApp({ directory: { authenticate: () => caller } })
    const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId: anId }))
    expectProblem(answer, 'permission_denied')
  })

  test('sealed, whatever the key', async ({ startApp }) => {
    const app = await startApp()
    app.processState.sealed = true
    const [answer] = await rawRequest(app.port, syncBytes({ key: null, connectorId: anId }))
    expectProblem(answer, 'sealed', { retryAfter: 1 })
  })

  test('rate_limited, naming the limit', async ({ startApp }) => {
    const app = await startApp({ limiters: { tenants: stuckLimiter, failures: stuckLimiter } })
    const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId: anId }))
    const { detail } = expectProblem(answer, 'rate_limited', { retryAfter: 3 })
    expect(detail).toBe('The limit "tenant" is used up.')
    expect(answer && header(answer, 'ratelimit-policy')).toBe('"tenant";q=60;w=60')
    expect(answer && header(answer, 'ratelimit')).toBe('"tenant";r=0;t=4')
  })

  test('internal_error, without a word of the cause', async ({ startApp }) => {
    const cause = new TypeError('cannot read secret-detail of undefined')
    const app = await startApp({ contentApi: { startSync: () => Promise.reject(cause) } })
    const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId: anId }))
    expectProblem(answer, 'internal_error')
    expect(answer?.body).not.toContain('secret-detail')
    expect(app.logged()).toContain('secret-detail')
  })

  test('overloaded, once all places of waiting calls are taken', async () => {
    expectProblem(await answerWhenFull(), 'overloaded', { retryAfter: 1 })
  })

  test('upstream_unreachable, when nothing listens at its address', async () => {
    const cut = await startTestGateway({ env: { GATEWAY_UPSTREAM_ORIGIN: await deadOrigin() } })
    const call = { key: cut.key, connectorId: anId }
    const [answer] = await rawRequest(cut.port, syncBytes(call))
    await cut.close()
    expectProblem(answer, 'upstream_unreachable')
  })

  test('ledger_unavailable, while another process holds the store', async () => {
    const held = await startTestGateway()
    held.store.raw.exec('BEGIN IMMEDIATE')
    const call = { key: held.key, connectorId: held.connectors.sharepoint }
    const [answer] = await rawRequest(held.port, syncBytes(call))
    const [readiness] = await rawRequest(held.port, requestBytes({ method: 'GET', target: '/readyz' }))
    held.store.raw.exec('ROLLBACK')
    const received = held.sandbox.requests().length
    await held.close()
    expectProblem(answer, 'ledger_unavailable', { retryAfter: 1 })
    expectProblem(readiness, 'ledger_unavailable')
    expect(received).toBe(0)
  })

  test('shutting_down, for a request that began before the drain and ended in it', async ({ startApp }) => {
    const app = await startApp()
    const bytes = syncBytes({ key: testKey, connectorId: anId })
    const connection = await rawConnection(app.port)
    connection.write(bytes.subarray(0, 20))
    const probe = await rawRequest(app.port, requestBytes({ method: 'GET', target: '/livez' }))
    expect(probe[0]?.status).toBe(200)
    app.processState.draining = true
    connection.write(bytes.subarray(20))
    const [answer] = await connection.ended
    expectProblem(answer, 'shutting_down', { retryAfter: 1 })
    expect(answer && header(answer, 'connection')).toBe('close')
  })
})

/** Codes whose tests are elsewhere. */
const testedElsewhere: readonly ProblemCode[] = [
  // test/plugins/slow-requests.test.ts: it takes the server's own timeouts.
  'request_timeout',
  // test/routes/list-syncs.test.ts: it moves the store's file away.
  'store_unavailable'
]

/** Codes with a test of their own above. */
const testedApart: readonly ProblemCode[] = [
  'connector_not_found',
  'request_refused',
  'rate_limited',
  'internal_error',
  'overloaded',
  'upstream_unreachable',
  'ledger_unavailable',
  'permission_denied',
  'sealed',
  'shutting_down'
]

test('every code of the table is produced by a test', () => {
  const listed = [...ways.map(way => way.code), ...testedApart, ...testedElsewhere]
  expect([...listed].sort()).toEqual([...problemCodes].sort())
})

/** The contract has five codes more, which nothing produces yet: they are described when something does. */
test('the table has the codes and statuses of the contract', () => {
  const statuses = Object.fromEntries(problemCodes.map(code => [code, problemTable[code].status]))
  expect(statuses).toEqual({
    request_malformed: 400,
    request_invalid: 400,
    request_refused: 400,
    credentials_invalid: 401,
    permission_denied: 403,
    connector_not_found: 404,
    route_not_found: 404,
    method_not_allowed: 405,
    request_timeout: 408,
    payload_too_large: 413,
    uri_too_long: 414,
    media_type_unsupported: 415,
    headers_too_large: 431,
    rate_limited: 429,
    internal_error: 500,
    upstream_credential_rejected: 502,
    upstream_refused: 502,
    upstream_failed: 502,
    upstream_answer_invalid: 502,
    upstream_unreachable: 502,
    upstream_busy: 503,
    ledger_unavailable: 503,
    store_unavailable: 503,
    overloaded: 503,
    shutting_down: 503,
    sealed: 503,
    upstream_timeout: 504
  })
})

/** A limiter that refuses everything, 2.5 s before it would not. */
const stuckLimiter: Limiter = {
  name: 'tenant',
  take: () => ({ allowed: false, tat: 0, remaining: 0, retryAfterUs: 2_500_000, resetUs: 3_500_000 })
}

/** What the second call gets while the first, never answered by the upstream, takes all the room there is. */
async function answerWhenFull(): Promise<HttpAnswer | undefined> {
  const sandbox = await startSandbox()
  sandbox.faults.set({ fault: 'silent' })
  const transport = new Transport({ origin: sandbox.origin, capacity: 1 })
  const forward = createForwarder({
    transport,
    ...heldCredentials({ default: [SANDBOX_KEY] }),
    budget: new Budget({ perCredential: 1000, perEgress: 1000 }),
    ledger: { recordIntent: async () => {}, recordOutcome: async () => {} },
    deadlineMs: 10_000,
    events: recordEvents().events
  })
  const app = await startTestApp({ contentApi: contentApi(forward) })
  const bytes = syncBytes({ key: testKey, connectorId: sandbox.connectors[0]?.connector_id ?? '' })
  const first = await rawConnection(app.port)
  first.write(bytes)
  await expect.poll(() => sandbox.requests().length).toBe(1)
  const [answer] = await rawRequest(app.port, bytes)
  first.close()
  await Promise.all([transport.close(), sandbox.close()])
  await app.close()
  return answer
}
