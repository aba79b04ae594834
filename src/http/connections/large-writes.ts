import type { Socket } from 'node:net'
import type { Turns } from './turns.ts'

/** What goes out at once: more is cut into pieces of so many bytes. */
const pieceBytes = 64 * 1024

type Chunk = { readonly chunk: Buffer | string; readonly encoding: BufferEncoding }
type Done = (error?: Error | null) => void
/** Node's own, behind both ways to write to a socket. */
type Write = (many: boolean, data: Buffer | string | readonly Chunk[], encoding: string, done: Done) => void

/**
 * Lets a large answer go out in pieces, each in a turn, for as long as `mustWait` says. To hand over a megabyte takes the
 * operating system a millisecond, and TLS encrypts all of it into memory of its own: for a caller that may never read it.
 */
export function writeInTurns(socket: Socket, turns: Turns, mustWait: () => boolean): void {
  const writer = socket as Socket & { _writeGeneric: Write }
  const write = writer._writeGeneric
  writer._writeGeneric = function writePieces(many, data, encoding, done) {
    if (socket.writableLength <= pieceBytes || !mustWait())
      return write.call(socket, many, data, encoding, done)
    const chunks = many ? (data as Chunk[]) : [{ chunk: data, encoding } as Chunk]
    const pieces = chunks.flatMap(({ chunk, encoding: of }) =>
      piecesOf(typeof chunk === 'string' ? Buffer.from(chunk, of) : chunk)
    )
    const next = {
      turn() {
        const piece = pieces.shift()
        if (piece === undefined) done()
        else if (!socket.destroyed) write.call(socket, false, piece, 'buffer', onTaken)
      }
    }
    function onTaken(error?: Error | null): void {
      if (error) done(error)
      else if (pieces.length === 0) done()
      else turns.add(next)
    }
    if (turns.goOn()) next.turn()
    else turns.add(next)
  }
}

function piecesOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / pieceBytes)
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes)
  )
}
