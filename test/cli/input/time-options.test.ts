import { expect, test } from 'vitest'
import { durationMs, expiry } from '../../../src/cli/input/time-options.ts'

const now = new Date('2026-01-01T00:00:00Z')

test.each([
  ['0s', 0],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['36500d', 36_500 * 86_400_000]
])('%s is a duration', (text, ms) => {
  expect(durationMs(text)).toBe(ms)
  expect(expiry(text)(now)).toEqual(new Date(now.getTime() + ms))
})

test.each(['', '5', 'h', '-1d', '1.5h', '1 d', '1w', '1e3s', '36501d', '99999999999s', '١d'])(
  '%j is no duration',
  text => {
    expect(() => durationMs(text)).toThrow('duration')
  }
)

test.each([
  ['never', null],
  ['2099-01-31', '2099-01-31T00:00:00.000Z'],
  ['2099-01-31T12:00Z', '2099-01-31T12:00:00.000Z'],
  ['2099-01-31T12:00:00+01:00', '2099-01-31T11:00:00.000Z'],
  ['2096-02-29T12:00:00.5Z', '2096-02-29T12:00:00.500Z']
])('%s is an expiry', (text, at) => {
  expect(expiry(text)(now)?.toISOString() ?? null).toBe(at)
})

test.each([
  '',
  'Never',
  'tomorrow',
  '2099',
  '2099-02-29',
  '2099-13-01',
  '2099-1-1',
  '2099-01-31T25:00Z',
  '2099-01-31T12:00'
])('%j is no expiry', text => {
  expect(() => expiry(text)).toThrow()
})
