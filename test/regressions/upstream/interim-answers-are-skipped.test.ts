import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import type { HttpAnswer } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { acceptedAnswer, connectorOf, type RawUpstream } from '../../support/http/raw-upstream.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

// An interim answer before the real one made a call fail that the upstream had accepted.

let upstream: RawUpstream
let gateway: TestGateway
let answer: (id: string, socket: Socket) => void
test.beforeAll(async ({ startRawUpstreamOfFile, startGatewayOfFile }) => {
  upstream = await startRawUpstreamOfFile({
    request: (request, socket) => answer(connectorOf(request), socket)
  })
  gateway = await startGatewayOfFile({ env: { GATEWAY_UPSTREAM_ORIGIN: upstream.origin } })
})

async function syncAnsweredBy(
  bytes: (id: string) => string | readonly string[]
): Promise<HttpAnswer | undefined> {
  answer = (id, socket) => {
    const pieces = bytes(id)
    if (typeof pieces === 'string') socket.write(pieces)
    else writeApart(socket, pieces)
  }
  const connectorId = gateway.connectors.sharepoint
  return (await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId })))[0]
}

/** Each piece in a segment of its own. */
function writeApart(socket: Socket, pieces: readonly string[]): void {
  const [first, ...rest] = pieces
  if (first !== undefined) socket.write(first, () => setImmediate(() => writeApart(socket, rest)))
}

const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'
const interim: readonly { name: string; head: string }[] = [
  { name: '100', head: 'HTTP/1.1 100 Continue\r\n\r\n' },
  { name: '100 without a reason', head: 'HTTP/1.1 100\r\n\r\n' },
  {
    name: '100 with headers',
    head: 'HTTP/1.1 100 Continue\r\nconnection: close\r\ncontent-length: 5\r\n\r\n'
  },
  { name: '102', head: 'HTTP/1.1 102 Processing\r\n\r\n' },
  { name: '103', head: hint },
  { name: 'three of them', head: `HTTP/1.1 100 Continue\r\n\r\n${hint}HTTP/1.1 100 Continue\r\n\r\n` },
  { name: 'a thousand', head: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000) }
]

test.each(interim)('a call is answered by its own answer behind interim ones: $name', async ({ head }) => {
  for (const bytes of [
    (id: string) => head + acceptedAnswer(id),
    (id: string) => [head, acceptedAnswer(id)],
    (id: string) => [
      head.slice(0, 20),
      head.slice(20) + acceptedAnswer(id).slice(0, 5),
      acceptedAnswer(id).slice(5)
    ]
  ]) {
    expect((await syncAnsweredBy(bytes))?.status).toBe(200)
  }
  // None of them costs the connection.
  expect(new Set(upstream.requests.slice(-3).map(({ connection }) => connection)).size).toBe(1)
})

test('an interim answer and the real one may come byte by byte', async () => {
  const { status } = (await syncAnsweredBy(id => [...(hint + acceptedAnswer(id))])) ?? {}
  expect(status).toBe(200)
})

test('a 101 is not a valid answer, as no upgrade was requested', async () => {
  const problem = await syncAnsweredBy(
    id =>
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n${acceptedAnswer(id)}`
  )
  expectProblem(problem, 'upstream_answer_invalid', { forwarded: 'unknown' })
})

test('interim answers without end are given up', async () => {
  const problem = await syncAnsweredBy(() => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100_000))
  expectProblem(problem, 'upstream_answer_invalid', { forwarded: 'unknown' })
})

test.each([
  'ICY 200 OK',
  'RTSP/1.0 200 OK',
  'ICE/1.0 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/1.10 200 OK',
  'HTTPS/1.1 200 OK',
  'http/1.1 200 OK',
  ' HTTP/1.1 200 OK',
  '\r\nHTTP/1.1 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 600 OK'
])('a status line that is none of HTTP/1.0 and HTTP/1.1 is no valid answer: %j', async line => {
  const problem = await syncAnsweredBy(id => acceptedAnswer(id).replace('HTTP/1.1 200 OK', line))
  expectProblem(problem, 'upstream_answer_invalid', { forwarded: 'unknown' })
})

test.each([
  'gzip, chunked',
  'gzip',
  'identity',
  'chunked, chunked',
  'chunked;q=1',
  'x-chunked',
  '"chunked"',
  'chunked\r\ntransfer-encoding: chunked'
])('a Transfer-Encoding other than chunked is no valid answer: %j', async coding => {
  const problem = await syncAnsweredBy(id => {
    const body = JSON.stringify({ connector_id: id, status: 'accepted' })
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: ${coding}\r\n\r\n`
    return `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  })
  const { code, forwarded } = JSON.parse(problem?.body ?? '')
  // Some the parser refuses itself, before it has a status.
  expect({ code, forwarded }).toEqual({
    code: 'upstream_answer_invalid',
    forwarded: expect.stringMatching(/^(yes|unknown)$/)
  })
})

test('an answer in chunks is valid under any case of the word, and not under HTTP/1.0', async () => {
  const chunked = (version: string, coding: string) => (id: string) => {
    const body = JSON.stringify({ connector_id: id, status: 'accepted' })
    const head = `HTTP/${version} 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: ${coding}\r\n\r\n`
    return `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  }
  expect((await syncAnsweredBy(chunked('1.1', 'Chunked')))?.status).toBe(200)
  const old = await syncAnsweredBy(chunked('1.0', 'chunked'))
  expectProblem(old, 'upstream_answer_invalid', { forwarded: 'yes', upstream: { status: 200 } })
})
