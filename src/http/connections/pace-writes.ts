import type { Socket } from 'node:net'
import type { TickQueue } from './tick-queue.ts'

const pieceBytes = 64 * 1024

type Chunk = { readonly chunk: Buffer | string; readonly encoding: BufferEncoding }
type Done = (error?: Error | null) => void
/** Node's own function behind both ways to write to a socket. */
type Write = (many: boolean, data: Buffer | string | readonly Chunk[], encoding: string, done: Done) => void

/**
 * Writes a large answer in pieces, each in its turn, while `isPaced`: a megabyte takes a millisecond, and with TLS as much memory
 * again, for a caller that may never read it.
 */
export function paceWrites(socket: Socket, queue: TickQueue, isPaced: () => boolean): void {
  const writer = socket as Socket & { _writeGeneric: Write }
  const write = writer._writeGeneric
  writer._writeGeneric = function writePieces(many, data, encoding, done) {
    if (socket.writableLength <= pieceBytes || !isPaced())
      return write.call(socket, many, data, encoding, done)
    const chunks = many ? (data as Chunk[]) : [{ chunk: data, encoding } as Chunk]
    const pieces = chunks.flatMap(piecesOf)
    function writeNext(): void {
      const piece = pieces.shift()
      if (piece === undefined) done()
      else if (!socket.destroyed) write.call(socket, false, piece, 'buffer', onTaken)
    }
    function onTaken(error?: Error | null): void {
      if (error || pieces.length === 0) done(error)
      else queue.add(writeNext)
    }
    if (queue.tryPass()) writeNext()
    else queue.add(writeNext)
  }
}

function piecesOf({ chunk, encoding }: Chunk): Buffer[] {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  const count = Math.ceil(bytes.length / pieceBytes)
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes)
  )
}
