import type { Socket } from 'node:net'
import type { Turns } from './turns.ts'

/** What is smaller goes out at once. */
const largeBytes = 64 * 1024

type Write = (many: boolean, data: unknown, encoding: string, done: (error?: Error) => void) => void

/**
 * Lets large answers on an encrypted connection wait for a turn: TLS encrypts all of an answer at once, into memory of its
 * own. Those that had to end before their turn have cost neither.
 */
export function writeInTurns(socket: Socket, turns: Turns, mustWait: () => boolean): void {
  const writer = socket as Socket & { _writeGeneric: Write }
  const write = writer._writeGeneric
  writer._writeGeneric = function writeInTurn(...what) {
    if (socket.writableLength < largeBytes || !mustWait() || turns.goOn()) return write.apply(socket, what)
    turns.add({
      turn() {
        if (!socket.destroyed) write.apply(socket, what)
      }
    })
  }
}
