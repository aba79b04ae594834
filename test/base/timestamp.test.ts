import { afterEach, expect, test, vi } from 'vitest'
import { timestamp } from '../../src/base/timestamp.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('the time is that of the clock at each moment, also when the clock steps back', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  for (const at of ['2026-11-27T12:00:00.000Z', '2026-11-27T12:00:00.001Z', '2026-11-27T11:59:59.999Z']) {
    vi.setSystemTime(new Date(at))
    expect([timestamp(), timestamp()]).toEqual([at, at])
  }
})
