import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectRefusal, marker } from '../support/http/expect-refusal.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { chunked, type RequestParts, syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })

/** A spoilt request with a valid sync request behind it: whoever frames it wrongly will carry that one out. */
async function refusal(parts: RequestParts): Promise<unknown> {
  const bytes = Buffer.concat([syncBytes(call(), parts), syncBytes(call())])
  return await expectRefusal(file.gateway, bytes, 'request_malformed')
}

describe('a transfer encoding that two parsers may read differently is refused:', () => {
  test.each([
    ['after a length', ['Content-Length: 7', 'Transfer-Encoding: chunked']],
    ['before a length', ['Transfer-Encoding: chunked', 'Content-Length: 7']],
    ['twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['once right, once wrong', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x']],
    ['chunked in a list', ['Transfer-Encoding: gzip, chunked']],
    ['chunked twice in a list', ['Transfer-Encoding: chunked, chunked']],
    ['chunked first in a list', ['Transfer-Encoding: chunked, gzip']],
    ['identity', ['Transfer-Encoding: identity']],
    ['an unknown one', ['Transfer-Encoding: xchunked']],
    ['an empty one', ['Transfer-Encoding:']],
    ['an empty one with a length', ['Transfer-Encoding:', 'Content-Length: 7']],
    ['with a vertical tab', ['Transfer-Encoding: \x0bchunked']],
    ['with quotes', ['Transfer-Encoding: "chunked"']],
    ['with a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['with a space before the colon', ['Transfer-Encoding : chunked']],
    ['continued on the next line', ['Transfer-Encoding:\r\n chunked']]
  ])('%s', async (_what, more) => {
    await refusal({ more, body: chunked('{}'), framing: null })
  })

  test('on HTTP/1.0', async () => {
    await refusal({ version: 'HTTP/1.0', body: chunked('{}'), framing: 'Transfer-Encoding: chunked' })
  })
})

describe('an invalid length is refused:', () => {
  test.each(['+2', '-2', '0x2', '2, 2', '2,3', '2 2', '', '2.0', '1e1', '99999999999999999999', '٢'])(
    '%j',
    async length => {
      await refusal({ body: '{}', framing: Buffer.from(`Content-Length: ${length}`).toString('latin1') })
    }
  )
})

describe('invalid chunks are refused:', () => {
  test.each([
    ['a size that is no number', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a negative size', '-2\r\n{}\r\n0\r\n\r\n'],
    ['a size with 0x', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a size beyond all bounds', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
    ['no line end behind the data', '2\r\n{}XX0\r\n\r\n'],
    ['LF alone', '2\n{}\n0\n\n'],
    ['a space before the size', ' 2\r\n{}\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '2;a\rb\r\n{}\r\n0\r\n\r\n'],
    ['a LF in an extension', '2;a\nb\r\n{}\r\n0\r\n\r\n'],
    ['a malformed trailer', `2\r\n{}\r\n0\r\nX-A : ${marker}\r\n\r\n`],
    ['a folded trailer', `2\r\n{}\r\n0\r\nX-A: a\r\n ${marker}\r\n\r\n`]
  ])('%s', async (_what, body) => {
    await refusal({ body, framing: 'Transfer-Encoding: chunked' })
  })
})

test('a flood of chunk extensions is refused', async () => {
  const bytes = syncBytes(call(), {
    body: `2;a=${marker.repeat(2000)}\r\n{}\r\n0\r\n\r\n`,
    framing: 'Transfer-Encoding: chunked'
  })
  const { detail } = await expectRefusal(file.gateway, bytes, 'payload_too_large')
  expect(detail).toBe('The extensions of the chunks are larger than 16 KiB.')
})

test('a flood of trailers is refused', async () => {
  const bytes = syncBytes(call(), {
    body: `2\r\n{}\r\n0\r\nX-A: ${marker.repeat(800)}\r\n\r\n`,
    framing: 'Transfer-Encoding: chunked'
  })
  await expectRefusal(file.gateway, bytes, 'headers_too_large')
})

describe('a body of more than 16 KiB is refused', () => {
  const body = `{"x":"${'a'.repeat(16 * 1024)}"}`

  test('by its length, unread', async () => {
    const bytes = syncBytes(call(), { body: '', framing: `Content-Length: ${16 * 1024 + 1}` })
    await expectRefusal(file.gateway, bytes, 'payload_too_large')
  })

  test('by its length, sent whole', async () => {
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'payload_too_large')
  })

  test('in one chunk', async () => {
    const bytes = syncBytes(call(), { body: chunked(body), framing: 'Transfer-Encoding: chunked' })
    await expectRefusal(file.gateway, bytes, 'payload_too_large')
  })

  test('in many small chunks', async () => {
    const bytes = syncBytes(call(), {
      body: `${'8\r\n        \r\n'.repeat(2049)}2\r\n{}\r\n0\r\n\r\n`,
      framing: 'Transfer-Encoding: chunked'
    })
    await expectRefusal(file.gateway, bytes, 'payload_too_large')
  })

  test('and one of exactly 16 KiB is served', async () => {
    const full = `{}${' '.repeat(16 * 1024 - 2)}`
    for (const parts of [{ body: full }, { body: chunked(full), framing: 'Transfer-Encoding: chunked' }])
      expect((await rawRequest(file.gateway.port, syncBytes(call(), parts)))[0]?.status).toBe(200)
  })
})

describe('unambiguous framing is served:', () => {
  test.each([
    ['chunked', chunked('{}'), 'Transfer-Encoding: chunked'],
    ['chunked in capitals', chunked('{}'), 'Transfer-Encoding: CHUNKED'],
    ['one byte a chunk', '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n', 'Transfer-Encoding: chunked'],
    ['with an extension and a trailer', '2;a=b\r\n{}\r\n0\r\nX-A: b\r\n\r\n', 'Transfer-Encoding: chunked'],
    ['a length with leading zeros', '{}', 'Content-Length: 0002']
  ])('%s', async (_what, body, framing) => {
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { body, framing }))
    expect(answer?.status).toBe(200)
  })
})
