import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

// No form is prescribed for upstream keys: this one would pass for a status.
const key = 'bd_key_of_letters_alone'
const test = testWithGateway({ sandbox: { keys: [key] }, env: { TEST_UPSTREAM_KEY: key } })

test.for([key, `x${key}`])(
  'an upstream key that comes back as the status of an answer goes no further: %s',
  async (status, { gateway }) => {
    const connector_id = gateway.connectors.sharepoint
    gateway.sandbox.faults.set({ fault: 'shape-wrong', options: { body: { connector_id, status } } })
    const [answer] = await rawRequest(
      gateway.port,
      syncBytes({ key: gateway.key, connectorId: connector_id })
    )
    expectProblem(answer, 'upstream_answer_invalid', { forwarded: 'yes', upstream: { status: 200 } })
    expect(JSON.stringify(answer) + gateway.logged() + JSON.stringify(gateway.entries())).not.toContain(key)
  }
)
