import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

test('a Retry-After that comes with a 503 is passed on, not only one that comes with a 429', async ({
  gateway
}) => {
  gateway.sandbox.faults.set({
    fault: 'rate-limited',
    options: { status: 503, retry_after: 'seconds', seconds: 9 }
  })
  const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
  const [answer] = await rawRequest(gateway.port, syncBytes(call))
  expectProblem(answer, 'upstream_failed', { forwarded: 'yes', retryAfter: 9, upstream: { status: 503 } })
})
