import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import type { HttpAnswer } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { acceptedAnswer, connectorOf } from '../../support/http/raw-upstream.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

// A 200 whose status was `failed` was recorded as accepted.

let gateway: TestGateway
let state = 'accepted'
test.beforeAll(async ({ startRawUpstreamOfFile, startGatewayOfFile }) => {
  const upstream = await startRawUpstreamOfFile({
    request: (request, socket) => void socket.write(acceptedAnswer(connectorOf(request), state))
  })
  gateway = await startGatewayOfFile({ env: { GATEWAY_UPSTREAM_ORIGIN: upstream.origin } })
})

async function syncAnsweredWith(status: string): Promise<HttpAnswer | undefined> {
  state = status
  const connectorId = gateway.connectors.sharepoint
  return (await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId })))[0]
}

test.each([
  ...['failed', 'FAILED', 'Failed', 'FAILED_PERMANENTLY', 'sync_failed', 'syncFailed', 'failure', 'FAIL'],
  ...['rejected', 'error', 'ERROR_INTERNAL', 'denied', 'ACCESS_DENIED', 'cancelled', 'canceled', 'skipped'],
  ...['ignored', 'invalid', 'INVALID_STATE', 'refused', 'aborted', 'declined', 'not_accepted', 'NOT_QUEUED']
])('a 200 that says nothing was queued is a failure of the upstream: %s', async status => {
  const problem = expectProblem(await syncAnsweredWith(status), 'upstream_failed', {
    forwarded: 'yes',
    upstream: { status: 200 }
  })
  expect(problem.retryable).toBe(false)
  expect(gateway.entries().at(-1)).toMatchObject({
    kind: 'call.outcome',
    code: 'upstream_failed',
    forwarded: 'yes',
    upstream_status: 200,
    upstream_state: status
  })
})

test.each([
  'accepted',
  'ACCEPTED',
  'queued',
  'pending',
  'processing',
  'running',
  'SUCCESS',
  'notified',
  'started_Late'
])('any other state is accepted, and the ledger has it: %s', async status => {
  const answer = await syncAnsweredWith(status)
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status })
  expect(gateway.entries().at(-1)).toMatchObject({ code: 'accepted', upstream_state: status })
})

test.each(['', 'a state', 'failed-2', 'x'.repeat(33), 'zurückgewiesen'])(
  'what is no word is no valid answer, and not in the ledger: %j',
  async status => {
    expectProblem(await syncAnsweredWith(status), 'upstream_answer_invalid', {
      forwarded: 'yes',
      upstream: { status: 200 }
    })
    expect(gateway.entries().at(-1)).not.toHaveProperty('upstream_state')
  }
)
