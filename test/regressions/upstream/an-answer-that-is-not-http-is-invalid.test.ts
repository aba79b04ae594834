import type { FaultRule } from '../../../src/sandbox/fault-rule.ts'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

// undici 8 gives its parser's errors no code, so the failure was reported as worth a retry.
test.for<FaultRule>([
  { fault: 'not-http' },
  { fault: 'framing-conflict' },
  { fault: 'headers', options: { headers: [['bad name', 'a']] } }
])('an answer that is no HTTP is an invalid answer: $fault', async (rule, { gateway }) => {
  gateway.sandbox.faults.set(rule)
  const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
  const [answer] = await rawRequest(gateway.port, syncBytes(call))
  expectProblem(answer, 'upstream_answer_invalid', { forwarded: 'unknown' })
})
