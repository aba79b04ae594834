import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { isWhole, rawClient, syncRequest } from './raw-client.ts'

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ recordLimit: 5 })
})
afterEach(async () => await sandbox.close())

const unknownId = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

describe('the record of raw requests', () => {
  test('holds the exact bytes, however they were cut on the way', async () => {
    const client = await rawClient(sandbox.port)
    const head =
      'POST /contents/v1/connectors/X/sync?q=%20 HTTP/1.1\r\nhOsT:  a \r\nx-A:\xe9\r\nTransfer-Encoding: chunked\r\n\r\n'
    const body = '2\r\n{}\r\n0\r\n\r\n'
    for (const byte of head + body) client.write(byte)
    await client.until(isWhole)
    expect(sandbox.requests()).toEqual([
      {
        order: 1,
        connection: 1,
        first_byte_at_ms: expect.any(Number),
        first_byte_ns: expect.stringMatching(/^\d+$/),
        received_at_ms: expect.any(Number),
        received_ns: expect.stringMatching(/^\d+$/),
        head,
        body,
        complete: true,
        malformed: null,
        method: 'POST',
        target: '/contents/v1/connectors/X/sync?q=%20',
        path: '/contents/v1/connectors/X/sync',
        headers: [
          ['hOsT', 'a'],
          ['x-A', '\xe9'],
          ['Transfer-Encoding', 'chunked']
        ],
        connector_id: 'x',
        status: 401,
        fault: null
      }
    ])
    client.close()
  })

  test('is written before the answer: whoever has the first byte finds the request there', async () => {
    const client = await rawClient(sandbox.port)
    client.write(syncRequest(sandbox.key, unknownId))
    await client.until(received => received.length > 0)
    expect(sandbox.requests()).toHaveLength(1)
    client.close()
  })

  test('orders pipelined requests and answers each', async () => {
    const client = await rawClient(sandbox.port)
    const requests = ['a', 'b', 'c'].map(name => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`)
    client.write(requests.join(''))
    await client.until(received => received.split('Missing Authentication Token').length === 4)
    expect(sandbox.requests().map(({ order, head }) => [order, head])).toEqual(
      requests.map((head, index) => [index + 1, head])
    )
    client.close()
  })

  test('keeps what arrived of a request whose connection ended', async () => {
    const client = await rawClient(sandbox.port)
    const head = 'POST /contents/v1/connectors/A/sync HTTP/1.1\r\nContent-Length: 9\r\n\r\n'
    client.write(`${head}{"da`)
    client.finish()
    expect(await client.ended).toBe('finish')
    expect(sandbox.requests()).toMatchObject([
      { head, body: '{"da', complete: false, method: 'POST', connector_id: 'a', status: null }
    ])
    expect(sandbox.counters()).toMatchObject({ requests_incomplete: 1, connections_open: 0 })
  })

  test.each([
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 'header line'],
    ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 'header line'],
    ['a bare LF', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n', 'header line'],
    ['a NUL', 'GET / HTTP/1.1\r\nA: \0\r\n\r\n', 'header line'],
    ['another protocol', 'GET / HTTP/2.0\r\n\r\n', 'request line'],
    [
      'two lengths',
      'GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
      'more than one framing header'
    ],
    [
      'length and chunks',
      'GET / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
      'more than one framing header'
    ],
    ['a signed length', 'GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n', 'content length'],
    ['another coding', 'GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 'transfer coding'],
    ['a chunk extension', 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n', 'chunk size'],
    [
      'a trailer field',
      'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n',
      'trailer field'
    ]
  ])('calls %s malformed, keeps it and closes', async (_name, bytes, malformed) => {
    const client = await rawClient(sandbox.port)
    client.write(bytes)
    expect(await client.ended).toBe('finish')
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /)
    const [record] = sandbox.requests()
    expect(record).toMatchObject({ complete: false, malformed })
    expect(`${record?.head}${record?.body}`).toBe(bytes)
  })

  test('drops the oldest beyond its bound and counts them', async () => {
    for (let index = 0; index < 8; index += 1) await (await fetch(`${sandbox.origin}/${index}`)).text()
    expect(sandbox.requests().map(({ order, path }) => [order, path])).toEqual([
      [4, '/3'],
      [5, '/4'],
      [6, '/5'],
      [7, '/6'],
      [8, '/7']
    ])
    expect(sandbox.requests(7).map(({ order }) => order)).toEqual([8])
    expect(sandbox.counters()).toMatchObject({ requests: 8, records_dropped: 3 })
  })

  test('forgets what was cleared and goes on counting', async () => {
    await (await fetch(`${sandbox.origin}/a`)).text()
    sandbox.clearRequests()
    expect(sandbox.requests()).toEqual([])
    await (await fetch(`${sandbox.origin}/b`)).text()
    expect(sandbox.requests()).toMatchObject([{ order: 2, path: '/b' }])
    expect(sandbox.counters().records_dropped).toBe(0)
  })

  test('close ends open connections', async () => {
    const client = await rawClient(sandbox.port)
    await sandbox.close()
    await client.ended
    sandbox = await startSandbox()
  })
})
