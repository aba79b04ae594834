import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Deadlines } from '../../../src/upstream/transport/deadlines.ts'

function openDeadlines() {
  const deadlines = new Deadlines()
  onTestFinished(() => deadlines.stop())
  const expired: { name: string; earlyMs: number }[] = []
  /** Adds something that removes itself when it expires, as a request does when it fails. */
  function add(name: string, afterMs: number, onExpired = () => {}) {
    const pending = {
      deadlineAt: performance.now() + afterMs,
      expire() {
        deadlines.delete(pending)
        expired.push({ name, earlyMs: Math.max(0, pending.deadlineAt - performance.now()) })
        onExpired()
      }
    }
    deadlines.add(pending)
    return pending
  }
  return { deadlines, expired, add }
}

test('each request expires once, at its own deadline and never before, whatever their order', async () => {
  const { expired, add } = openDeadlines()
  add('last', 60)
  add('first', 20)
  add('second', 40)
  await expect.poll(() => expired.length, { interval: 5 }).toBe(3)
  await sleep(20)
  expect(expired.map(({ name }) => name)).toEqual(['first', 'second', 'last'])
  expect(expired.map(({ earlyMs }) => earlyMs)).toEqual([0, 0, 0])
})

test('a request that has ended does not expire, and the next one does', async () => {
  const { deadlines, expired, add } = openDeadlines()
  deadlines.delete(add('ended', 10))
  await sleep(30)
  add('next', 10)
  await expect.poll(() => expired.map(({ name }) => name)).toEqual(['next'])
})

test('a request that begins while others expire, and one whose deadline has passed already, expire too', async () => {
  const { expired, add } = openDeadlines()
  add('first', 10, () => {
    add('passed', -5)
    add('soon', 10)
  })
  await expect.poll(() => expired.map(({ name }) => name)).toEqual(['first', 'passed', 'soon'])
})

test('nothing expires after a stop, until something is added', async () => {
  const { deadlines, expired, add } = openDeadlines()
  deadlines.delete(add('stopped', 10))
  deadlines.stop()
  await sleep(20)
  expect(expired).toEqual([])
  add('added', 5)
  await expect.poll(() => expired.map(({ name }) => name)).toEqual(['added'])
})
