import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeadFilter } from '../../../src/upstream/transport/head-filter.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()

/** What gets through of an answer that comes in these chunks, or the code that the connection ends with. */
function admitted(chunks: readonly Buffer[]): string {
  const filter = new HeadFilter()
  filter.expectAnswer()
  try {
    return Buffer.concat(chunks.map(chunk => filter.pass(chunk) ?? Buffer.alloc(0))).toString('latin1')
  } catch (error) {
    return (error as { code: string }).code
  }
}

function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const cuts = [
    0,
    ...[...new Set(positions.map(position => position % bytes.length))].sort((a, b) => a - b),
    bytes.length
  ]
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
}

const interim = fc.constantFrom(
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 100\r\n\r\n',
  'HTTP/1.0 102 Processing\r\nx: y\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nlink: </b>\r\ncontent-length: 40\r\n\r\n',
  'HTTP/1.1 199 Whatever\r\n:\r\n\r\n'
)
const answer = fc.constantFrom(
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}',
  'HTTP/1.0 404\r\n\r\n',
  'HTTP/1.1 500 x\r\na: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\n\n\r\n\r\n',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
)
const positions = fc.array(fc.nat(), { maxLength: 20 })

test(`an answer passes whole and without interim ones, however its bytes are cut (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(interim, { maxLength: 5 }), answer, positions, (before, final, cuts) => {
      expect(admitted(cutAt(Buffer.from(before.join('') + final), cuts))).toBe(final)
    }),
    { seed, numRuns: 500 }
  )
})

test(`what is refused does not depend on how the bytes are cut (seed ${seed})`, () => {
  const piece = fc.oneof(
    interim,
    answer,
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      'HTTP/1.1 101 x\r\n\r\n',
      'HTTP/1.1 1',
      'ICY 200 OK\r\n\r\n',
      'a: b\r\n'
    )
  )
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), positions, (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''))
      expect(admitted(cutAt(bytes, cuts))).toBe(admitted([bytes]))
    }),
    { seed, numRuns: 500 }
  )
})

test('no byte may come before a request or behind its answer', () => {
  const filter = new HeadFilter()
  const line = Buffer.from('\r\n')
  expect(() => filter.pass(line)).toThrow()
  filter.expectAnswer()
  filter.pass(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))
  expect(filter.pass(line)).toBe(line)
  filter.expectNothing()
  expect(() => filter.pass(line)).toThrow()
  filter.expectAnswer()
  expect(filter.pass(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'))).toBeNull()
})

test.each([
  { name: 'a head of more than 16 KiB', bytes: `HTTP/1.1 200 OK\r\na: ${'b'.repeat(16_384)}\r\n\r\n` },
  { name: 'a head of more than 256 lines', bytes: `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(257)}\r\n` },
  { name: 'an interim head of more than 256 lines', bytes: `HTTP/1.1 103 x\r\n${'a:\r\n'.repeat(257)}\r\n` },
  { name: 'more than 64 KiB of interim answers', bytes: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2_700) },
  { name: 'a head that never ends', bytes: 'HTTP/1.1 200 OK\r\na: '.padEnd(20_000, 'b') },
  { name: 'a line of a head that ends with LF alone', bytes: 'HTTP/1.1 103 x\nHTTP/1.1 200 OK\r\n\r\n' }
])('$name is refused', ({ bytes }) => {
  expect(admitted([Buffer.from(bytes)])).toBe('ANSWER_NOT_HTTP')
  expect(admitted([...Buffer.from(bytes)].map(byte => Buffer.from([byte])))).toBe('ANSWER_NOT_HTTP')
})
