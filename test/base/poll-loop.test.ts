import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PollLoop } from '../../src/base/poll-loop.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A loop with a pause of a second, whose runs a test ends. */
function loop() {
  const runs: (() => void)[] = []
  const polling = new PollLoop(
    () => 1_000,
    () => new Promise<void>(resolve => runs.push(resolve))
  )
  return { polling, runs }
}

test('a run begins a pause after the end of the one before, however long that took', async () => {
  const { runs } = loop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(runs).toHaveLength(1)
  runs[0]?.()
  await vi.advanceTimersByTimeAsync(999)
  expect(runs).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(runs).toHaveLength(2)
})

test('callers join the run under way, or wait for one that begins after their call', async () => {
  const { polling, runs } = loop()
  const first = polling.run()
  expect(polling.run()).toBe(first)
  const again = polling.runAgain()
  runs[0]?.()
  await first
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(2)
  runs[1]?.()
  await again
  expect(polling.isRunning).toBe(false)
})

test('a stopped loop begins no run, and the run under way sees the stop', async () => {
  const { polling, runs } = loop()
  const running = polling.run()
  polling.stop()
  runs[0]?.()
  await running
  await polling.run()
  await vi.advanceTimersByTimeAsync(10_000)
  expect([runs.length, polling.isStopped]).toEqual([1, true])
})
