import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { startTestApp } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const livez = requestBytes({ method: 'GET', target: '/livez' })

// A balancer opens connections before it needs them: it took the 408 for the answer to its next request.
test.concurrent.for([
  ['sends nothing', ''],
  ['sends only empty lines', '\r\n\r\n']
] as const)('a connection that %s is closed without an answer', async ([_what, bytes], { startApp }) => {
  const app = await startApp()
  const connection = await rawConnection(app.port)
  connection.write(bytes)
  expect(await connection.ended).toEqual([])
  expect(app.logged()).not.toContain('request refused')
})

test.concurrent('a connection that has sent the beginning of a request, behind another, gets its 408', async ({
  startApp
}) => {
  const app = await startApp()
  const connection = await rawConnection(app.port)
  connection.write(livez)
  await connection.answers(1)
  connection.write('G')
  const [first, second] = await connection.ended
  expect(first?.status).toBe(200)
  expectProblem(second, 'request_timeout')
})

test.concurrent('a connection that is kept is closed without an answer when its time is over, and says which that is', async ({
  startApp
}) => {
  const app = await startApp({ keepAliveMs: 1_000 })
  const connection = await rawConnection(app.port)
  connection.write(livez)
  const answers = await connection.ended
  expect(answers.map(({ status }) => status)).toEqual([200])
  expect(answers[0]?.headers).toContainEqual(['keep-alive', 'timeout=1'])
})

test.concurrent('a request whose head stops gets its 408 also where idle connections are closed sooner than that', async ({
  startApp
}) => {
  const app = await startApp({ keepAliveMs: 1_000 })
  const connection = await rawConnection(app.port)
  connection.write(livez)
  await connection.answers(1)
  connection.write(livez.subarray(0, -2))
  const [, second] = await connection.ended
  expectProblem(second, 'request_timeout')
})

test('no other timeout ends a kept connection early', async () => {
  const app = await startTestApp({ keepAliveMs: 600_000, upstreamDeadlineMs: 1_000 })
  const sockets: Socket[] = []
  app.server.on('connection', (socket: Socket) => void sockets.push(socket))
  try {
    const connection = await rawConnection(app.port)
    for (let times = 1; times <= 2; times++) {
      connection.write(livez)
      await connection.answers(times)
      expect(sockets[0]?.timeout).toBeGreaterThanOrEqual(600_000)
    }
    connection.close()
  } finally {
    await app.close()
  }
})

test('GATEWAY_KEEP_ALIVE_MS is the time of both listeners', async ({ startGateway }) => {
  const gateway = await startGateway({ env: { GATEWAY_KEEP_ALIVE_MS: '620000' } })
  for (const port of [gateway.port, gateway.adminPort]) {
    const [answer] = await rawRequest(port, livez)
    expect(answer?.headers).toContainEqual(['keep-alive', 'timeout=620'])
  }
})
