import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import type { HttpAnswer } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import {
  acceptedAnswer,
  connectorOf,
  type RawUpstream,
  type RawUpstreamRequest,
  rawAnswer,
  rawUpstream
} from '../../support/http/raw-upstream.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

// One answer too many on a kept connection gave each later call the answer to the one before it.

type Script = (request: RawUpstreamRequest, socket: Socket) => void
const accept: Script = (request, socket) => void socket.write(acceptedAnswer(connectorOf(request)))

let upstream: RawUpstream
let gateway: TestGateway
let script: Script = accept
let onConnection: (socket: Socket) => void = () => {}
beforeAll(async () => {
  upstream = await rawUpstream({
    request: (request, socket) => script(request, socket),
    connection: (_number, socket) => onConnection(socket)
  })
  gateway = await startTestGateway({ env: { GATEWAY_UPSTREAM_ORIGIN: upstream.origin } })
})
afterEach(() => {
  script = accept
  onConnection = () => {}
})
afterAll(async () => {
  await gateway?.close()
  await upstream?.close()
})

async function sync(): Promise<HttpAnswer | undefined> {
  const connectorId = gateway.connectors.sharepoint
  return (await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId })))[0]
}

/** Makes a call that is answered by `first`, and gives the connections of that call and of the next one. */
async function connectionsOf(first: Script): Promise<{ spoilt: number; next: number }> {
  script = first
  await sync()
  const spoilt = upstream.requests.at(-1)?.connection ?? 0
  script = accept
  expect((await sync())?.status).toBe(200)
  return { spoilt, next: upstream.requests.at(-1)?.connection ?? 0 }
}

test('an accepted call leaves its connection to the next one', async () => {
  const { spoilt: first, next } = await connectionsOf(accept)
  expect(next).toBe(first)
})

const otherId = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const unproven: readonly { name: string; bytes: (id: string) => string }[] = [
  ...['400 Bad Request', '401 Unauthorized', '402 Payment Required', '403 Forbidden', '404 Not Found'],
  ...['408 Request Timeout', '409 Conflict', '429 Too Many Requests', '500 Internal Server Error'],
  ...['503 Service Unavailable', '201 Created', '202 Accepted', '302 Found']
].map(item =>
  typeof item === 'string'
    ? {
        name: item,
        bytes: (id: string) => rawAnswer(`HTTP/1.1 ${item}`, { connector_id: id, status: 'accepted' })
      }
    : item
)
const unprovenBodies = [
  { name: 'a 200 about another connector', bytes: () => acceptedAnswer(otherId) },
  { name: 'a 200 that is no JSON', bytes: () => rawAnswer('HTTP/1.1 200 OK', 'accepted') },
  { name: 'a 200 that says it failed', bytes: (id: string) => acceptedAnswer(id, 'failed') },
  { name: 'an empty 200', bytes: () => rawAnswer('HTTP/1.1 200 OK', '') },
  { name: 'a 204', bytes: () => 'HTTP/1.1 204 No Content\r\n\r\n' },
  {
    name: 'a 200 about another date',
    bytes: (id: string) =>
      rawAnswer('HTTP/1.1 200 OK', { connector_id: id, status: 'accepted', date_limit: '2026-01-01' })
  }
]

test.each([...unproven, ...unprovenBodies])(
  'a connection is not used again after $name',
  async ({ bytes }) => {
    const { spoilt, next } = await connectionsOf(
      (request, socket) => void socket.write(bytes(connectorOf(request)))
    )
    expect(next).not.toBe(spoilt)
    await expect.poll(() => upstream.open(), { interval: 5 }).toBeLessThanOrEqual(1)
  }
)

test.each([...unproven, { name: 'a 200', bytes: (id: string) => acceptedAnswer(id) }])(
  'an answer written behind $name reaches no other call',
  async ({ bytes }) => {
    const stray = (request: RawUpstreamRequest) => acceptedAnswer(connectorOf(request), 'stray')
    const together: Script = (request, socket) =>
      void socket.write(bytes(connectorOf(request)) + stray(request))
    const apart: Script = (request, socket) => {
      socket.write(bytes(connectorOf(request)), () => setImmediate(() => socket.write(stray(request))))
    }
    for (const first of [together, apart]) {
      script = first
      await sync()
      // The upstream refuses from now on: only a stray answer could say otherwise.
      script = (_request, socket) => void socket.write(rawAnswer('HTTP/1.1 404 Not Found', {}))
      for (let call = 0; call < 3; call++)
        expectProblem(await sync(), 'connector_not_found', { forwarded: 'yes', upstream: { status: 404 } })
    }
  }
)

test.each([...unproven, ...unprovenBodies])(
  'an answer behind $name that crosses with the next request reaches no other call',
  async ({ bytes }) => {
    let earlier: Socket | undefined
    script = (request, socket) => {
      earlier = socket
      socket.write(bytes(connectorOf(request)))
    }
    await sync()
    script = (request, socket) => {
      // On the connection of the call before, when the next request has been sent.
      if (earlier?.writable) earlier.write(acceptedAnswer(connectorOf(request), 'stray'))
      if (socket !== earlier) socket.write(rawAnswer('HTTP/1.1 404 Not Found', {}))
    }
    expectProblem(await sync(), 'connector_not_found', { forwarded: 'yes', upstream: { status: 404 } })
  }
)

test('after any bytes on an idle connection, the next call takes another one', async () => {
  for (const bytes of [
    '\r\n',
    'H',
    'HTTP/1.1 100 Continue\r\n\r\n',
    acceptedAnswer(gateway.connectors.sharepoint)
  ]) {
    let idle: Socket | undefined
    script = (request, socket) => {
      idle = socket
      accept(request, socket)
    }
    await sync()
    const { connection } = upstream.requests.at(-1) ?? {}
    idle?.write(bytes)
    await expect.poll(() => idle?.destroyed, { interval: 5 }).toBe(true)
    expect((await sync())?.status).toBe(200)
    expect(upstream.requests.at(-1)?.connection).not.toBe(connection)
  }
})

test('an answer that comes before the request is not used', async () => {
  script = (_request, socket) => void socket.write(rawAnswer('HTTP/1.1 404 Not Found', {}))
  await sync()
  onConnection = socket => void socket.write(acceptedAnswer(gateway.connectors.sharepoint))
  const before = upstream.requests.length
  expectProblem(await sync(), 'upstream_unreachable')
  expect(upstream.requests.length).toBe(before)
})

test('an upstream that ends kept connections makes no call fail', async () => {
  for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
    let idle: Socket | undefined
    script = (request, socket) => {
      idle = socket
      accept(request, socket)
    }
    expect((await sync())?.status).toBe(200)
    idle?.[how]()
    await expect.poll(() => idle?.destroyed, { interval: 5 }).toBe(true)
    expect((await sync())?.status).toBe(200)
  }
})
