import type { Duplex } from 'node:stream'
import { TickQueue } from './tick-queue.ts'

/** How long a connection may be silent after its last answer. */
const silentMs = 1_000
/** How long it may go on sending: the time of a whole request. */
const longestMs = 10_000
/** How much it may go on sending: a mistaken body, not a flood. */
const mostBytes = 32 * 1024 * 1024
const tickMs = 250
/** Read between two ticks: dropping bytes must not block the event loop. */
const bytesPerTick = 4 * 1024 * 1024

/** 200 at once blocked the event loop for more than two seconds. */
const queue = new TickQueue(2)
const closing = new WeakSet<Duplex>()

/**
 * Ends our half, and drops what the caller still sends before it closes the connection: a close with bytes unread would reset it,
 * and the caller would lose the answer. Shut the connection's gate first.
 */
export function lingeringClose(socket: Duplex): void {
  if (closing.has(socket)) return
  closing.add(socket)
  let bytes = 0
  let bytesInTick = 0
  let tick = 0
  let lastReadTick = 0
  let isQueued = false
  function resume(): void {
    isQueued = false
    socket.resume()
  }
  function readOn(): void {
    if (queue.tryPass()) return void socket.resume()
    isQueued = true
    socket.pause()
    queue.add(resume)
  }
  function drop(chunk: Buffer): void {
    bytes += chunk.length
    bytesInTick += chunk.length
    lastReadTick = tick
    if (bytesInTick >= bytesPerTick) socket.pause()
  }
  function onTick(): void {
    tick++
    // While it is queued the silence is ours, not the caller's.
    if (isQueued) lastReadTick = tick
    const isSilent = (tick - lastReadTick) * tickMs >= silentMs
    if (isSilent || tick * tickMs >= longestMs || bytes >= mostBytes) return void socket.destroy()
    bytesInTick = 0
    if (socket.isPaused() && !isQueued) readOn()
  }
  const ticking = setInterval(onTick, tickMs).unref()
  socket.once('close', () => {
    clearInterval(ticking)
    queue.remove(resume)
  })
  socket.on('error', () => socket.destroy())
  socket.on('data', drop)
  socket.end()
  readOn()
}
