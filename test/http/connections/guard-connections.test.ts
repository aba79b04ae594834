import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type GuardOptions, guardConnections } from '../../../src/http/connections/guard-connections.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'
import { eventually } from '../../support/scenario/wait.ts'

/** More than the operating system takes for a connection whose other end does not read. */
const large = Buffer.alloc(16 * 1024 * 1024, 'a')
const get = (target = '/') => requestBytes({ method: 'GET', target, framing: null })

let server: Server
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function listen(handler: Handler, options: Partial<GuardOptions> = {}) {
  const logged: object[] = []
  server = createServer(handler)
  guardConnections(server, {
    bounds: { authenticated: 10, anonymous: 10, anonymousPerNetwork: 10 },
    logger: { warn: (facts: object) => void logged.push(facts) },
    isProxy: () => false,
    encrypted: false,
    checkEveryMs: 10,
    ...options
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, logged }
}

/** A connection that sends bytes and never reads. */
async function unreading(port: number, bytes: Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  socket.pause()
  socket.write(bytes)
  return socket
}

const open = async () =>
  await new Promise<number>(resolve => server.getConnections((_, count) => resolve(count)))

test('for a connection that asks many times and does not read, one answer is made', async () => {
  let made = 0
  const { port } = await listen((_request, response) => {
    made++
    response.end(large)
  })
  await unreading(port, Buffer.concat(Array.from({ length: 1_680 }, () => get())))
  await eventually('the first is made', () => made > 0)
  for (let index = 0; index < 50; index++) await new Promise(resolve => setTimeout(resolve, 2))
  expect(made).toBe(1)
})

test('a connection that reads nothing of its answer for a while ends, and is logged once', async () => {
  const { port, logged } = await listen((_request, response) => response.end(large), {
    stallMs: 100,
    bufferBytes: 4 * large.length
  })
  await unreading(port, get())
  const reading = await rawConnection(port)
  reading.write(get())
  expect((await reading.answers(1))[0]?.body.length).toBe(large.length)
  await eventually('it ended', async () => (await open()) === 1)
  await eventually('it was logged', () => logged.length > 0)
  expect(logged).toMatchObject([{ unread: 1, displaced: 0, too_much_kept: 0 }])
  reading.close()
})

test('a slow reader that goes on reading is not ended as stalled', async () => {
  const { port } = await listen((_request, response) => response.end(large), { stallMs: 2_000 })
  const socket = await unreading(port, get())
  let received = 0
  for (const end = performance.now() + 5_000; performance.now() < end; ) {
    received += socket.read()?.length ?? 0
    // The operating system takes more when a third of its buffer is free: at this pace several times within the bound.
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  expect(received).toBeLessThan(large.length)
  expect(await open()).toBe(1)
})

test('past the bound of buffered bytes the connections end that have had them longest', async () => {
  const options = { bufferBytes: large.length + 1 }
  const { port } = await listen((_request, response) => response.end(large), options)
  for (let index = 0; index < 4; index++) await unreading(port, get())
  await eventually('one is left', async () => (await open()) === 1)
})

test('a flood of connections displaces its own, and a caller in between is answered', async () => {
  const { port } = await listen((_request, response) => response.end('ok'))
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 30; index++) sockets.push(connect(port, '127.0.0.1').on('error', () => {}))
    const caller = await rawConnection(port)
    caller.write(get())
    expect((await caller.answers(1))[0]?.status).toBe(200)
    caller.close()
  }
  await eventually('the rest ended', async () => (await open()) <= 10)
})

test('an endless pipeline leaves other connections their turn', async () => {
  let served = 0
  const { port } = await listen((_request, response) => {
    served++
    response.end('ok')
  })
  const pipelines = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  for (const socket of pipelines) {
    sockets.push(socket)
    socket.resume().write(Buffer.concat(Array.from({ length: 1_500 }, () => get())))
  }
  await eventually('they are served', () => served > 20)
  const caller = await rawConnection(port)
  caller.write(get())
  await caller.answers(1)
  // All of them at once would have been 12,000.
  expect(served).toBeLessThan(6_000)
  caller.close()
})

test('bursts of requests, one after the other, are all answered', async () => {
  const { port } = await listen((_request, response) => response.end('ok'))
  const connection = await rawConnection(port)
  for (let burst = 1; burst <= 20; burst++) {
    connection.write(Buffer.concat(Array.from({ length: 50 }, () => get())))
    expect(await connection.answers(burst * 50)).toHaveLength(burst * 50)
  }
  connection.close()
})

test('large bodies that are read slowly arrive complete, also one behind the other', async () => {
  const { port } = await listen(async (request, response) => {
    let bytes = 0
    for await (const piece of request) {
      bytes += piece.length
      await new Promise(resolve => setImmediate(resolve))
    }
    response.end(String(bytes))
  })
  const body = '\r\n\r\nabc\r\n'.repeat(100_000)
  const counted = requestBytes({ body })
  const inChunks = requestBytes({
    body: `${`${(7_000).toString(16)}\r\n${body.slice(0, 7_000)}\r\n`.repeat(100)}0\r\n\r\n`,
    framing: 'Transfer-Encoding: chunked'
  })
  const connection = await rawConnection(port)
  connection.write(Buffer.concat([counted, inChunks, counted, get(), inChunks]))
  connection.finish()
  const answers = await connection.ended
  expect(answers.map(answer => Number(answer.body))).toEqual([900_000, 700_000, 900_000, 0, 700_000])
})

test('unread bodies do not block the requests behind them', async () => {
  const { port } = await listen((_request, response) => response.end('ok'))
  const connection = await rawConnection(port)
  const unread = requestBytes({ body: 'x'.repeat(300_000) })
  connection.write(Buffer.concat([unread, get(), unread, get()]))
  expect(await connection.answers(4)).toHaveLength(4)
  connection.close()
})

const lines = '\r\n'.repeat(60_000)
const emptyLines = `${lines.length.toString(16)}\r\n${lines}\r\n0\r\n\r\n`
const singleBytes = `${'1\r\nx\r\n'.repeat(30_000)}0\r\n\r\n`

test.each<[string, string, boolean]>([
  ['empty lines, with its answer', emptyLines, true],
  ['empty lines, before its answer', emptyLines, false],
  ['chunks of one byte, with its answer', singleBytes, true],
  ['chunks of one byte, before its answer', singleBytes, false]
])('an anonymous body is read a little at a time: %s', async (_what, body, atOnce) => {
  let pieces = 0
  const { port } = await listen((request, response) => {
    request.on('data', () => {
      pieces++
    })
    if (atOnce) response.end('ok')
    else request.on('end', () => response.end('ok'))
  })
  let before = 0
  let most = 0
  const look = () => {
    most = Math.max(most, pieces - before)
    before = pieces
    looking = setImmediate(look)
  }
  let looking = setImmediate(look)
  try {
    const connection = await rawConnection(port)
    const inChunks = requestBytes({ body, framing: 'Transfer-Encoding: chunked' })
    connection.write(Buffer.concat([inChunks, Buffer.from(lines), get()]))
    expect(await connection.answers(2)).toHaveLength(2)
    connection.close()
    expect(pieces).toBeGreaterThanOrEqual(30_000)
    // A read brings up to 64 KiB: more than 10,000 at once they were.
    expect(most).toBeLessThan(2_000)
  } finally {
    clearImmediate(looking)
  }
})
