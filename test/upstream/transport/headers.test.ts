import { describe, expect, test } from 'vitest'
import { answerHeaders, requestHeaders, retryAfterSeconds } from '../../../src/upstream/transport/headers.ts'

test('exactly these headers go upstream', () => {
  const flat = requestHeaders('the-key', 'the-id')
  const names = flat.filter((_, index) => index % 2 === 0)
  expect(names).toEqual([
    'x-api-key',
    'x-request-id',
    'content-type',
    'accept',
    'accept-encoding',
    'user-agent'
  ])
  expect(flat[1]).toBe('the-key')
  expect(flat[3]).toBe('the-id')
})

test('four headers of an answer are read, and one that came twice counts as absent', () => {
  expect(
    answerHeaders({
      'content-type': 'application/json',
      'retry-after': ['1', '2'],
      'x-amzn-requestid': 'b',
      'set-cookie': 'c',
      'content-encoding': undefined
    })
  ).toEqual({ contentType: 'application/json', contentEncoding: '', retryAfter: '', requestId: 'b' })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00.500Z')

  test.each([
    ['0', 0],
    ['7', 7],
    ['999999', 86_400],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10],
    ['Thu, 01 Jan 2026 00:00:01 GMT', 1],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0]
  ])('%j is %i seconds', (value, seconds) => {
    expect(retryAfterSeconds(value, now)).toBe(seconds)
  })

  test.each(['', '-1', '1.5', '1e3', ' 7', '7 ', '٧', 'soon', '2026-01-01', 'Thu, 99 Foo 2026', '1, 2'])(
    '%j says nothing',
    value => {
      expect(retryAfterSeconds(value, now)).toBeUndefined()
    }
  )
})
