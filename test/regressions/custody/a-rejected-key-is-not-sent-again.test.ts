import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { canaryKey } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { expectWait } from '../../support/http/expect-wait.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const connections = 64
const calls = 400

// Calls that waited for a connection were all sent with a key that had been refused hundreds of times by then.
test('once the breaker of a credential is open, calls that wait to be sent with its key are not sent', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  const { sandbox, port, key, connectors } = gateway
  sandbox.removeKey(canaryKey)
  sandbox.faults.add({
    fault: 'delay-before-headers',
    options: { wait_ms: 500 },
    probability: 1,
    times: calls
  })
  const startedAtMs = performance.now()
  const answers = await Promise.all(
    Array.from({ length: calls }, () =>
      rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
    )
  )
  const sent = sandbox.requests().length
  // Those under way when the third answer comes, and at most as many while it is being recorded.
  expect(sent).toBeLessThanOrEqual(2 * connections)
  const codes = answers.map(([answer]) => (JSON.parse(answer?.body ?? '{}') as { code?: string }).code)
  expect(codes.filter(code => code === 'upstream_credential_rejected')).toHaveLength(sent)
  const held = answers.filter((_, index) => codes[index] === 'upstream_busy')
  expect(held).toHaveLength(calls - sent)
  for (const [answer] of held) {
    // The breaker stays open for 30 s from the rejection that was reported last.
    const retryAfter = expectWait(answer, 30, startedAtMs)
    expectProblem(answer, 'upstream_busy', { forwarded: 'no', retryAfter })
  }
  const outcomes = gateway.entries().filter(({ kind }) => kind === 'call.outcome')
  expect(outcomes.filter(({ upstream_status }) => upstream_status === 401)).toHaveLength(sent)
})
