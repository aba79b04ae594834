import { describe, expect } from 'vitest'
import type { ProblemCode } from '../../src/contract/problem.ts'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { faults } from '../../src/sandbox/faults.ts'
import { testWithGateway } from '../support/fixtures/test.ts'
import type { TestGateway } from '../support/fixtures/test-gateway.ts'
import { type ExpectedProblem, expectProblem } from '../support/http/expect-problem.ts'
import { expectWait } from '../support/http/expect-wait.ts'
import type { HttpAnswer } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '700' } })

/** Sends one sync into a fault. Passes only if exactly one request went upstream, and the ledger tells the same code. */
async function callInto(gateway: TestGateway, rule: FaultRule): Promise<HttpAnswer | undefined> {
  const { key, port, sandbox, connectors, entries } = gateway
  sandbox.faults.set(rule)
  const before = sandbox.counters().requests
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  sandbox.faults.clear()
  expect(sandbox.counters().requests).toBe(before + 1)
  const { code = 'accepted', forwarded = 'yes', upstream } = JSON.parse(answer?.body ?? '')
  const [intent, outcome] = entries().slice(-2)
  expect(intent).toMatchObject({ kind: 'call.intent', connector_id: connectors.sharepoint })
  expect(outcome).toMatchObject({ kind: 'call.outcome', request_id: intent?.request_id, code, forwarded })
  expect(outcome).toMatchObject({ status: answer?.status })
  if (code !== 'accepted') expect(outcome?.upstream_status).toBe(upstream?.status)
  return answer
}

type Failing = { readonly rule: FaultRule; readonly code: ProblemCode; readonly expected: ExpectedProblem }

const answered = (status: number): ExpectedProblem => ({ forwarded: 'yes', upstream: { status } })
const withIds = (status: number): ExpectedProblem => ({
  forwarded: 'yes',
  upstream: { status, code: 'InternalServerError', request_id: expect.any(String) }
})
const unknown: ExpectedProblem = { forwarded: 'unknown' }
const contentError = (status: number): FaultRule => ({ fault: 'content-error', options: { status } })

const failing: readonly Failing[] = [
  // The content service's own errors.
  { rule: contentError(400), code: 'request_refused', expected: withIds(400) },
  { rule: contentError(401), code: 'upstream_credential_rejected', expected: withIds(401) },
  { rule: contentError(402), code: 'upstream_answer_invalid', expected: withIds(402) },
  { rule: contentError(403), code: 'upstream_refused', expected: withIds(403) },
  { rule: contentError(404), code: 'connector_not_found', expected: withIds(404) },
  { rule: contentError(409), code: 'upstream_answer_invalid', expected: withIds(409) },
  { rule: contentError(422), code: 'upstream_answer_invalid', expected: withIds(422) },
  { rule: contentError(429), code: 'upstream_busy', expected: { ...withIds(429), retryAfter: 1 } },
  { rule: contentError(500), code: 'upstream_failed', expected: withIds(500) },
  { rule: contentError(503), code: 'upstream_failed', expected: withIds(503) },
  { rule: contentError(599), code: 'upstream_failed', expected: withIds(599) },
  // A 200 that is an error all the same.
  { rule: contentError(200), code: 'upstream_answer_invalid', expected: answered(200) },
  // The API gateway and the firewall in front of it.
  { rule: { fault: 'missing-authentication-token' }, code: 'upstream_refused', expected: answered(403) },
  { rule: { fault: 'firewall-page' }, code: 'upstream_refused', expected: answered(403) },
  {
    rule: { fault: 'firewall-page', options: { status: 401 } },
    code: 'upstream_credential_rejected',
    expected: answered(401)
  },
  // Empty bodies.
  ...[
    { status: 200, code: 'upstream_answer_invalid' as const },
    { status: 204, code: 'upstream_answer_invalid' as const },
    { status: 404, code: 'connector_not_found' as const },
    { status: 500, code: 'upstream_failed' as const }
  ].map(({ status, code }) => ({
    rule: { fault: 'empty-answer' as const, options: { status } },
    code,
    expected: answered(status)
  })),
  // 429 with and without a wait.
  { rule: { fault: 'rate-limited' }, code: 'upstream_busy', expected: { ...answered(429), retryAfter: 1 } },
  {
    rule: { fault: 'rate-limited', options: { retry_after: 'seconds', seconds: 30 } },
    code: 'upstream_busy',
    expected: { ...answered(429), retryAfter: 30 }
  },
  {
    rule: { fault: 'rate-limited', options: { retry_after: 'seconds', seconds: -30 } },
    code: 'upstream_busy',
    expected: { ...answered(429), retryAfter: 1 }
  },
  // Redirects are answers, and never followed.
  ...([301, 302, 303, 307, 308] as const).map(status => ({
    rule: { fault: 'redirect' as const, options: { status } },
    code: 'upstream_answer_invalid' as const,
    expected: answered(status)
  })),
  // Connections that break: before the head nothing is known, behind it the upstream has answered.
  { rule: { fault: 'reset-before-read' }, code: 'upstream_failed', expected: unknown },
  { rule: { fault: 'reset-before-headers' }, code: 'upstream_failed', expected: unknown },
  { rule: { fault: 'reset-in-headers' }, code: 'upstream_failed', expected: unknown },
  { rule: { fault: 'reset-after-headers' }, code: 'upstream_answer_invalid', expected: answered(200) },
  { rule: { fault: 'reset-in-body' }, code: 'upstream_answer_invalid', expected: answered(200) },
  // Answers that do not come in time.
  { rule: { fault: 'delay-before-headers' }, code: 'upstream_timeout', expected: unknown },
  {
    rule: { fault: 'delay-before-body' },
    code: 'upstream_timeout',
    expected: { ...unknown, upstream: { status: 200 } }
  },
  { rule: { fault: 'silent' }, code: 'upstream_timeout', expected: unknown },
  { rule: { fault: 'drip' }, code: 'upstream_timeout', expected: unknown },
  {
    rule: { fault: 'drip', options: { from: 'body', every_ms: 50 } },
    code: 'upstream_timeout',
    expected: { ...unknown, upstream: { status: 200 } }
  },
  // Answers that are not what they should be.
  { rule: { fault: 'oversize' }, code: 'upstream_answer_invalid', expected: answered(200) },
  {
    rule: { fault: 'oversize', options: { framing: 'chunked' } },
    code: 'upstream_answer_invalid',
    expected: answered(200)
  },
  {
    rule: { fault: 'oversize', options: { framing: 'close' } },
    code: 'upstream_answer_invalid',
    expected: answered(200)
  },
  { rule: { fault: 'content-length-wrong' }, code: 'upstream_answer_invalid', expected: answered(200) },
  {
    rule: { fault: 'content-length-wrong', options: { extra_bytes: -5 } },
    code: 'upstream_answer_invalid',
    expected: answered(200)
  },
  { rule: { fault: 'framing-conflict' }, code: 'upstream_answer_invalid', expected: unknown },
  {
    rule: { fault: 'framing-conflict', options: { header: 'content-length' } },
    code: 'upstream_answer_invalid',
    expected: unknown
  },
  { rule: { fault: 'compressed' }, code: 'upstream_answer_invalid', expected: answered(200) },
  ...['text/plain', 'text/html', 'application/jsonx', 'application/problem+json', ''].map(content_type => ({
    rule: { fault: 'content-type-wrong' as const, options: { content_type } },
    code: 'upstream_answer_invalid' as const,
    expected: answered(200)
  })),
  { rule: { fault: 'json-invalid' }, code: 'upstream_answer_invalid', expected: answered(200) },
  ...[[], null, {}, 'accepted', { status: 'accepted' }, { connector_id: 1, status: 'accepted' }].map(
    body => ({
      rule: { fault: 'shape-wrong' as const, options: { body } },
      code: 'upstream_answer_invalid' as const,
      expected: answered(200)
    })
  ),
  { rule: { fault: 'connector-id-wrong' }, code: 'upstream_answer_invalid', expected: answered(200) },
  {
    rule: { fault: 'headers', options: { headers: [['x-big', 'a'.repeat(20_000)]] } },
    code: 'upstream_answer_invalid',
    expected: unknown
  },
  { rule: { fault: 'not-http' }, code: 'upstream_answer_invalid', expected: unknown }
]

describe('a fault upstream is answered with its code and whether the call was forwarded:', () => {
  test.for(failing)('$rule.fault $rule.options is $code', async ({ rule, code, expected }, { gateway }) => {
    expectProblem(await callInto(gateway, rule), code, expected)
  })

  test('a Retry-After date is passed on in seconds', async ({ gateway }) => {
    const startedAtMs = performance.now()
    const answer = await callInto(gateway, {
      fault: 'rate-limited',
      options: { retry_after: 'date', seconds: 30 }
    })
    // The date has whole seconds: part of the first one may have passed when it was written.
    const retryAfter = expectWait(answer, 30, startedAtMs - 1000)
    expectProblem(answer, 'upstream_busy', { ...answered(429), retryAfter })
  })
})

/** Faults that do no harm to the call that they strike. */
const harmless: readonly FaultRule[] = [
  { fault: 'informational-flood' },
  { fault: 'informational-flood', options: { count: 3, status: 100 } },
  { fault: 'unsolicited-answer' },
  { fault: 'close-when-idle' },
  { fault: 'close-when-idle', options: { how: 'reset' } },
  { fault: 'close-after-answer' },
  { fault: 'framing' },
  { fault: 'framing', options: { framing: 'close' } },
  { fault: 'content-type-wrong', options: { content_type: 'application/json; charset=utf-8' } },
  { fault: 'oversize', options: { bytes: 100_000 } },
  { fault: 'key-echo' },
  { fault: 'set-cookie' },
  { fault: 'headers', options: { headers: [['x-powered-by', 'upstream']] } },
  { fault: 'delay-before-headers', options: { wait_ms: 10 } }
]

describe('whatever the upstream does, a call gets its own answer:', () => {
  test.for(harmless)('$fault $options', async (rule, { gateway }) => {
    for (const next of [rule, { fault: 'framing' } satisfies FaultRule]) {
      const answer = await callInto(gateway, next)
      expect(answer?.status).toBe(200)
      expect(JSON.parse(answer?.body ?? '')).toStrictEqual({
        connector_id: gateway.connectors.sharepoint,
        status: 'accepted'
      })
    }
  })
})

test('every fault that the sandbox knows is tried here, or in a file of its own', () => {
  // A connection that is cut as it is made: test/upstream/connect.test.ts.
  const elsewhere = ['reset-on-connect']
  const tried = [
    ...failing.map(({ rule }) => rule.fault),
    ...harmless.map(({ fault }) => fault),
    ...elsewhere
  ]
  expect([...new Set(tried)].sort()).toEqual(Object.keys(faults).sort())
})
