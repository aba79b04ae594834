import type { Duplex } from 'node:stream'
import { Turns } from './turns.ts'

/** How long a connection behind its last answer may be silent. */
const silentMs = 1_000
/** How long it may go on sending: as long as a whole request may take. */
const longestMs = 10_000
/** How much it may go on sending: a body that somebody sends by mistake, and no flood. */
const mostBytes = 32 * 1024 * 1024
const tickMs = 250
/** So much is taken between two ticks: what is dropped is not to keep the event loop from what is served. */
const bytesPerTick = 4 * 1024 * 1024

/** So many begin or go on in a turn of the event loop: 200 that do so at once kept it for two seconds and more. */
const perTurn = 2

const closing = new WeakSet<Duplex>()
const turns = new Turns(perTurn)

/**
 * Ends our half behind what is written, and drops what the caller still sends before the connection is cut: one that is cut with
 * bytes unread is reset, and the caller, which is busy sending, would see that in place of its answer. What comes
 * must reach nobody else: shut its gate first.
 */
export function closeSlowly(socket: Duplex): void {
  if (closing.has(socket)) return
  closing.add(socket)
  let bytes = 0
  let inTick = 0
  let tick = 0
  let lastAt = 0
  let waits = false
  const waiting = {
    turn() {
      waits = false
      socket.resume()
    }
  }
  function readOn(): void {
    if (turns.goOn()) return void socket.resume()
    waits = true
    socket.pause()
    turns.add(waiting)
  }
  function drop(chunk: Buffer): void {
    bytes += chunk.length
    inTick += chunk.length
    lastAt = tick
    if (inTick >= bytesPerTick) socket.pause()
  }
  function look(): void {
    tick++
    // It is not the caller's silence.
    if (waits) lastAt = tick
    const isOver = tick * tickMs >= longestMs || (tick - lastAt) * tickMs >= silentMs || bytes >= mostBytes
    if (isOver) return void socket.destroy()
    inTick = 0
    if (socket.isPaused() && !waits) readOn()
  }
  const ticking = setInterval(look, tickMs).unref()
  socket.once('close', () => {
    clearInterval(ticking)
    turns.remove(waiting)
  })
  socket.on('error', () => socket.destroy())
  socket.on('data', drop)
  socket.end()
  readOn()
}
