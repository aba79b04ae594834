import { expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile()

// Behind a request in flight these were answered at once, in its place, or took the process down.
test.each([
  ['CONNECT', requestBytes({ method: 'CONNECT', target: 'a:1' })],
  ['an unknown Expect', requestBytes({ method: 'GET', target: '/livez', more: ['Expect: other'] })]
])('%s behind a request in flight is never answered in its place', async (_what, behind) => {
  const { gateway } = file
  gateway.sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 50 } })
  const outcomes = () => gateway.entries().filter(({ kind }) => kind === 'call.outcome').length
  const before = outcomes()
  const connection = await rawConnection(gateway.port)
  const call = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
  connection.write(Buffer.concat([call, behind]))
  const answers = await connection.ended
  expect(answers.slice(0, 1).filter(({ status }) => status !== 200)).toEqual([])
  await expect.poll(outcomes).toBe(before + 1)
})

test('they are refused when no request came before', async () => {
  const connect = requestBytes({ method: 'CONNECT', target: 'a:1' })
  expectProblem((await rawRequest(file.gateway.port, connect))[0], 'method_not_allowed')
  const expectation = requestBytes({ method: 'GET', target: '/livez', more: ['Expect: other'] })
  expectProblem((await rawRequest(file.gateway.port, expectation))[0], 'request_malformed')
})
