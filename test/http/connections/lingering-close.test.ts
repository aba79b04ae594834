import { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lingeringClose } from '../../../src/http/connections/lingering-close.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A connection whose other end sends what the test says. */
function connection() {
  let reads = false
  const socket = new Duplex({
    allowHalfOpen: true,
    read() {
      reads = true
    },
    write: (_chunk, _encoding, done) => done(),
    final: done => done()
  })
  const turn = () => new Promise(resolve => setImmediate(resolve))
  return {
    socket,
    /** Sends so many bytes, when they are read. */
    async send(bytes: number): Promise<boolean> {
      await turn()
      if (!reads || socket.isPaused() || socket.destroyed) return false
      socket.push(Buffer.alloc(bytes))
      await turn()
      return true
    },
    async pass(ms: number): Promise<void> {
      vi.advanceTimersByTime(ms)
      await turn()
    }
  }
}

test('a caller that has nothing more to send is cut after a second', async () => {
  const { socket, pass } = connection()
  lingeringClose(socket)
  await pass(900)
  expect([socket.writableEnded, socket.destroyed]).toEqual([true, false])
  await pass(100)
  expect(socket.destroyed).toBe(true)
})

test('a caller may go on sending for ten seconds at most, also when the close is asked for twice', async () => {
  const { socket, send, pass } = connection()
  lingeringClose(socket)
  for (let ms = 0; ms < 9_900; ms += 300) {
    expect(await send(1)).toBe(true)
    await pass(300)
    lingeringClose(socket)
  }
  expect(socket.destroyed).toBe(false)
  await pass(100)
  expect(socket.destroyed).toBe(true)
})

test('from a caller that sends as fast as it can, a part is read at a time, and 32 MiB at most', async () => {
  const { socket, send, pass } = connection()
  lingeringClose(socket)
  let sent = 0
  for (let ms = 0; ms < 5_000 && !socket.destroyed; ms += 250) {
    let inTick = 0
    while (await send(64 * 1024)) inTick += 64 * 1024
    expect(inTick).toBeLessThanOrEqual(4 * 1024 * 1024)
    sent += inTick
    await pass(250)
  }
  expect(socket.destroyed).toBe(true)
  expect(sent).toBe(32 * 1024 * 1024)
})

// 200 refused bodies of 20 MB kept the event loop for more than two seconds: probes of health timed out.
test('when many callers are refused at once, a few are read in each turn, and all of them in the end', async () => {
  // A module of its own: turns that are used up here are not the other tests'.
  vi.resetModules()
  const { lingeringClose } = await import('../../../src/http/connections/lingering-close.ts')
  const connections = Array.from({ length: 20 }, connection)
  for (const { socket } of connections) {
    socket.push(Buffer.alloc(1))
    lingeringClose(socket)
  }
  const read = () => connections.filter(({ socket }) => socket.readableFlowing && !socket.isPaused()).length
  expect(read()).toBeLessThanOrEqual(2)
  for (let turns = 0; turns < 12; turns++) await new Promise(resolve => setImmediate(resolve))
  expect(read()).toBe(20)
  for (const { socket } of connections) socket.destroy()
})
