import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '600' } })

// It was called retryable, though the head of a 200 says that the run is probably queued.
test.for(['delay-before-body', 'content-length-wrong'] as const)(
  'a deadline that passes behind the head of an answer leaves the fate of the call unknown: %s',
  async (fault, { gateway }) => {
    gateway.sandbox.faults.set(
      fault === 'delay-before-body' ? { fault } : { fault, options: { close: false } }
    )
    const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
    const [answer] = await rawRequest(gateway.port, syncBytes(call))
    const problem = expectProblem(answer, 'upstream_timeout', {
      forwarded: 'unknown',
      upstream: { status: 200 }
    })
    expect(problem.retryable).toBe(false)
  }
)
