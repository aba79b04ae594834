import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

/** Just below the bound on answers: to search this for a key took minutes, in which the process did nothing else. */
const text = '\\'.repeat(1024 * 1024 - 1)

test('an answer of a megabyte of backslashes is answered like any that is no JSON', async ({ gateway }) => {
  const { key, port, sandbox, connectors } = gateway
  sandbox.faults.set({ fault: 'json-invalid', options: { text } })
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expectProblem(answer, 'upstream_answer_invalid', { forwarded: 'yes', upstream: { status: 200 } })
})

test('and so are headers of backslashes', async ({ gateway }) => {
  const { key, port, sandbox, connectors } = gateway
  const headers = [['x-debug', text.slice(0, 15_000)]]
  sandbox.faults.set({ fault: 'headers', options: { headers } })
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expect(answer?.status).toBe(200)
})
