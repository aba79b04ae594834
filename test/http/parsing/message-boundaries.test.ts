import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageBoundaries } from '../../../src/http/parsing/message-boundaries.ts'

/** Cuts bytes into pieces at the given positions. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const positions = [0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].sort(
    (one, other) => one - other
  )
  return positions.slice(1).map((end, index) => bytes.subarray(positions[index], end))
}

const text = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'ab', 'HTTP/1.1', ' '), { maxLength: 40 })
  .map(parts => Buffer.from(parts.join('')))
const cuts = fc.array(fc.nat(200), { maxLength: 12 })

test('empty lines are found at the same positions, however the bytes are cut', () => {
  const found = (parts: readonly Buffer[]) => {
    const boundaries = new MessageBoundaries()
    const ends: number[] = []
    let before = 0
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        at = boundaries.next(part, at)
        ends.push(before + at)
      }
      before += part.length
    }
    return ends
  }
  const run = fc.property(text, cuts, (bytes, positions) => {
    const whole: number[] = []
    for (let at = 0; at < bytes.length; ) {
      const next = bytes.indexOf('\r\n\r\n', at)
      at = next === -1 ? bytes.length : next + 4
      if (next !== -1) whole.push(at)
    }
    // Slices also end where a piece ends: each empty line ends one all the same.
    expect(found(pieces(bytes, positions))).toEqual(expect.arrayContaining(whole))
    expect(found([bytes])).toEqual([...new Set([...whole, ...(bytes.length > 0 ? [bytes.length] : [])])])
  })
  fc.assert(run, { numRuns: 3_000 })
})

test.each([
  ['GET / HTTP/1.1\r\n', true],
  ['GET / HTTP/1.0\r\n', true],
  ['\r\n\r\nPOST /a HTTP/1.1\r\n', true],
  ['GET / HTTP/1.1\n', false],
  ['GET / HTTP/1.2\r\n', false],
  ['GET / HTTP/2.0\r\n', false],
  ['GET / RTSP/1.0\r\n', false],
  ['GET / ICE/1.0\r\n', false],
  ['GET / HTTP/1.1 \r\n', false],
  ['GET /HTTP/1.1\r\n', false],
  ['GET\r\n', false],
  ['P\n', false]
])('whether a line is of HTTP is known at its end, however it is cut: %j', (line, taken) => {
  const bytes = Buffer.from(line)
  for (let first = 0; first <= bytes.length; first++)
    for (let second = first; second <= bytes.length; second++) {
      const boundaries = new MessageBoundaries()
      const verdicts = pieces(bytes, [first, second]).map(part => boundaries.speaksHttp(part, 0, part.length))
      expect(verdicts.includes(false)).toBe(!taken)
      // Nothing is refused before the line has ended.
      if (second < bytes.length) expect(verdicts.slice(0, 2)).toEqual([true, true])
    }
})

test('bytes behind the request line do not matter', () => {
  const boundaries = new MessageBoundaries()
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\nX: RTSP/1.0\r\n\r\n')
  expect(boundaries.speaksHttp(bytes, 0, bytes.length)).toBe(true)
  const next = Buffer.from('GET / RTSP/1.0\r\n')
  expect(boundaries.speaksHttp(next, 0, next.length)).toBe(true)
  boundaries.begin()
  expect(boundaries.speaksHttp(next, 0, next.length)).toBe(false)
})
