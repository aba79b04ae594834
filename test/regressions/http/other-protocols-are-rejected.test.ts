import { describe, expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()
const call = (gateway: TestGateway) => ({ key: gateway.key, connectorId: gateway.connectors.sharepoint })

// To Node's parser they are as good as HTTP: a sync was started, and methods of theirs met neither guard nor log.
describe('a request of another protocol is refused:', () => {
  test.for(['RTSP/1.0', 'RTSP/1.1', 'RTSP/2.0', 'ICE/1.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1'])(
    'POST with %s',
    async (version, { gateway }) => {
      await expectRefusal(gateway, syncBytes(call(gateway), { version }), 'request_malformed')
    }
  )

  test.for(['DESCRIBE', 'ANNOUNCE', 'SETUP', 'PLAY', 'TEARDOWN', 'SOURCE', 'OPTIONS', 'FLUSH'])(
    '%s, in each protocol, with an id and a line in the log',
    async (method, { gateway }) => {
      for (const version of ['RTSP/1.0', 'ICE/1.0']) {
        const bytes = requestBytes({ method, target: '/livez', version })
        const problem = await expectRefusal(gateway, bytes, 'request_malformed')
        expect(gateway.logged()).toContain(problem.request_id)
      }
    }
  )

  test('wherever its line is cut on the way', async ({ gateway }) => {
    const bytes = syncBytes(call(gateway), { version: 'RTSP/1.0' })
    const lineEnd = bytes.indexOf('\r\n')
    const received = gateway.sandbox.counters().requests
    for (let cut = lineEnd - 10; cut <= lineEnd + 2; cut++) {
      const connection = await rawConnection(gateway.port)
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        connection.write(part)
        await new Promise(resolve => setTimeout(resolve, 2))
      }
      const answers = await connection.ended
      expect(answers).toHaveLength(1)
      expectProblem(answers[0], 'request_malformed')
    }
    expect(gateway.sandbox.counters().requests).toBe(received)
  })

  test('behind a request that is none', async ({ gateway }) => {
    const connection = await rawConnection(gateway.port)
    connection.write(
      Buffer.concat([syncBytes(call(gateway)), syncBytes(call(gateway), { version: 'ICE/1.0' })])
    )
    const answers = await connection.ended
    expect(answers.map(({ status }) => status)).toEqual([200, 400])
    expect(answers[1] && header(answers[1], 'x-request-id')).toBeDefined()
  })
})
