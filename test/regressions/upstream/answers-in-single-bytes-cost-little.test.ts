import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { failureOfResponse } from '../../../src/upstream/failure-table.ts'
import type { UpstreamRequest, UpstreamResponse } from '../../../src/upstream/transport/response.ts'
import { Transport } from '../../../src/upstream/transport/transport.ts'
import { type RawUpstream, rawUpstream } from '../../support/http/raw-upstream.ts'

// Each chunk of an answer was kept as a Buffer of its own: 16 answers in chunks of one byte ended the process.

const mebibyte = 1024 * 1024
function request(): UpstreamRequest<UpstreamResponse> {
  return {
    method: 'POST',
    path: '/contents/v1/connectors/a/sync',
    headers: [],
    body: '{}',
    deadlineAt: performance.now() + 15_000,
    abandoned: () => false,
    waitSeconds: () => 0,
    containsKey: () => false,
    classify: response => response,
    isProven: () => true
  }
}

async function upstreamOf(answer: (socket: Socket) => void): Promise<RawUpstream> {
  const upstream = await rawUpstream({ request: (_request, socket) => answer(socket) })
  onTestFinished(() => upstream.close())
  return upstream
}

function transportTo({ origin }: RawUpstream, more: { answerBytes?: number } = {}): Transport {
  const transport = new Transport({ origin, ...more })
  onTestFinished(() => transport.close())
  return transport
}

const chunkedHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
/** An answer whose body comes in chunks of one byte. */
const inSingleBytes = (length: number) => Buffer.from(`${chunkedHead}${'1\r\nx\r\n'.repeat(length)}0\r\n\r\n`)

test('an answer of 1 MiB less a byte in chunks of one byte arrives whole', async () => {
  const bytes = inSingleBytes(mebibyte - 1)
  const transport = transportTo(await upstreamOf(socket => void socket.write(bytes)))
  const exchange = await transport.send(request())
  expect(exchange.kind === 'answer' && exchange.body === 'x'.repeat(mebibyte - 1)).toBe(true)
})

test('sixteen answers at once in chunks of one byte cost little more than their bytes', async () => {
  const bytes = inSingleBytes(mebibyte / 4)
  const transport = transportTo(await upstreamOf(socket => void socket.write(bytes)))
  let peak = 0
  const before = memory()
  const watch = setInterval(() => {
    peak = Math.max(peak, memory() - before)
  }, 2)
  try {
    const exchanges = await Promise.all(Array.from({ length: 16 }, () => transport.send(request())))
    expect(exchanges.map(({ kind }) => kind)).toEqual(Array(16).fill('answer'))
  } finally {
    clearInterval(watch)
  }
  expect(peak / mebibyte).toBeLessThan(64)
})

test('the memory of all answers under way is bounded, and an answer past the bound fails as sent', async () => {
  const parts = Buffer.alloc(64 * 1024, 'x')
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${mebibyte}\r\n\r\n`
  const sockets: Socket[] = []
  const upstream = await upstreamOf(socket => {
    sockets.push(socket)
    socket.write(head)
    for (let sent = 0; sent < mebibyte / 2; sent += parts.length) socket.write(parts)
  })
  const transport = transportTo(upstream, { answerBytes: 2 * mebibyte })
  const exchanges = Array.from({ length: 8 }, () => transport.send(request()))
  const failed = await Promise.race(exchanges)
  expect(failed).toMatchObject({
    kind: 'failure',
    sent: true,
    status: 200,
    error: { code: 'ANSWERS_TOO_LARGE' }
  })
  // The head of a 200 came: the call may have been accepted, and is not to be repeated.
  if (failed.kind === 'failure')
    expect(failureOfResponse(failed)).toEqual({ code: 'upstream_answer_invalid', forwarded: 'yes' })
  // Those that were admitted end as they should, and leave their room to the next.
  for (const socket of sockets)
    for (let sent = 0; sent < mebibyte / 2; sent += parts.length) socket.write(parts)
  const all = await Promise.all(exchanges)
  const whole = all.filter(({ kind }) => kind === 'answer')
  expect(whole.length).toBeGreaterThanOrEqual(1)
  expect(whole.length).toBeLessThanOrEqual(2)
})

test('an announced length takes no memory', async () => {
  let answered = 0
  const upstream = await upstreamOf(socket => {
    if (++answered <= 8) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${mebibyte}\r\n\r\nx`)
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')
  })
  const transport = transportTo(upstream, { answerBytes: mebibyte })
  const held = Array.from({ length: 8 }, () => transport.send(request()))
  await expect.poll(() => answered).toBe(8)
  expect(await transport.send(request())).toMatchObject({ kind: 'answer', body: '{}' })
  await transport.close()
  expect((await Promise.all(held)).map(({ kind }) => kind)).toEqual(Array(8).fill('failure'))
})

test('the number of small headers is bounded', async () => {
  const head = `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(3000)}content-length: 2\r\n\r\n{}`
  const transport = transportTo(await upstreamOf(socket => void socket.write(head)))
  expect(await transport.send(request())).toMatchObject({
    kind: 'failure',
    sent: true,
    error: { code: 'ANSWER_NOT_HTTP' }
  })
})

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
