import { expect } from 'vitest'
import { testWithGateway } from '../support/fixtures/test.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { rawConnection } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'
import { onThisMachine } from '../support/run/bounds.ts'

const test = testWithGateway()

// The server's own timeouts, 5 s for headers and 10 s for the whole, checked each second: the waits run side by side.
test.concurrent.for([
  { what: 'headers stop', bytes: (whole: Buffer) => whole.subarray(0, 60), fromMs: 4_900, toMs: 8_000 },
  { what: 'a body stops', bytes: (whole: Buffer) => whole.subarray(0, -1), fromMs: 9_900, toMs: 13_000 },
  { what: 'a body never comes', bytes: (whole: Buffer) => whole.subarray(0, -2), fromMs: 9_900, toMs: 13_000 }
])(
  'a request whose $what is refused in time and its connection closed',
  async ({ bytes, fromMs, toMs }, { gateway }) => {
    const startedAt = performance.now()
    const connection = await rawConnection(gateway.port)
    connection.write(bytes(syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })))
    const answers = await connection.ended
    const tookMs = performance.now() - startedAt
    expect(answers).toHaveLength(1)
    expectProblem(answers[0], 'request_timeout')
    expect(tookMs).toBeGreaterThan(fromMs)
    expect(tookMs).toBeLessThan(onThisMachine(toMs))
    expect(gateway.sandbox.counters().requests).toBe(0)
  }
)

// The 408 was a second answer: its caller would take it for the answer to its next request.
test.concurrent('a request that was answered before its body stops is not answered again', async ({
  gateway
}) => {
  const connection = await rawConnection(gateway.port)
  connection.write(syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }).subarray(0, -1))
  const answers = await connection.ended
  expect(answers.map(({ status }) => status)).toEqual([401])
})
