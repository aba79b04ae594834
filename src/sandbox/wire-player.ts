import type { Socket } from 'node:net'
import type { SandboxClock } from './clock.ts'
import type { WireStep } from './wire-plan.ts'

/** Does the steps to the socket, in order. False when the connection is over or held: nothing may follow on it. */
export async function playSteps(
  socket: Socket,
  steps: readonly WireStep[],
  clock: SandboxClock
): Promise<boolean> {
  for (const step of steps) {
    if (socket.destroyed) return false
    if ('bytes' in step) {
      if (steps.length === 1) socket.write(step.bytes)
      // Waiting for the kernel to take the bytes: a reset right behind an unfinished write would discard them.
      else await written(socket, step.bytes)
    } else if ('waitMs' in step) await pause(socket, step.waitMs, clock)
    else {
      // Not end(): a half-closed socket would still read a next request, which a closed one refuses.
      if (step.end === 'finish') socket.destroySoon()
      else if (step.end === 'reset') socket.resetAndDestroy()
      return false
    }
  }
  return !socket.destroyed
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return Promise.resolve()
  return new Promise(resolve => {
    socket.write(bytes, () => resolve())
  })
}

/** Ends early when the connection does, so that no timer outlives it. */
function pause(socket: Socket, waitMs: number, clock: SandboxClock): Promise<void> {
  return new Promise(resolve => {
    const cancel = clock.after(waitMs, () => {
      socket.off('close', over)
      resolve()
    })
    function over(): void {
      cancel()
      resolve()
    }
    socket.once('close', over)
  })
}
