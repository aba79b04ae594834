import { expect } from 'vitest'
import { testWithGateway } from '../support/fixtures/test.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway()

test('a connection that the upstream closes at once fails the call, which is not retried', async ({
  gateway
}) => {
  const { key, port, sandbox, connectors } = gateway
  sandbox.faults.set({ fault: 'reset-on-connect' })
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  // Whether bytes were written before the reset came is a matter of microseconds; the answer must be one of the two.
  const { forwarded } = JSON.parse(answer?.body ?? '')
  if (forwarded === 'no') expectProblem(answer, 'upstream_unreachable')
  else expectProblem(answer, 'upstream_failed', { forwarded: 'unknown' })
  expect(sandbox.counters()).toMatchObject({ connections_accepted: 1, requests: 0 })
  const [next] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expect(next?.status).toBe(200)
})

test('an upstream that does not listen is unreachable', async ({ startGateway }) => {
  const gateway = await startGateway()
  const call = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
  expect((await rawRequest(gateway.port, call))[0]?.status).toBe(200)
  await gateway.sandbox.close()
  const [answer] = await rawRequest(gateway.port, call)
  const { forwarded } = JSON.parse(answer?.body ?? '')
  // The kept connection may not yet be known to be closed when the call is written to it.
  if (forwarded === 'no') expectProblem(answer, 'upstream_unreachable')
  else expectProblem(answer, 'upstream_failed', { forwarded: 'unknown' })
  expectProblem((await rawRequest(gateway.port, call))[0], 'upstream_unreachable')
})
