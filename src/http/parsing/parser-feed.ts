import type { NodeSocket } from '../node-socket.ts'
import { forgetExpectation } from './expect-continue.ts'
import type { RequestProgress } from './request-progress.ts'

/** How many slices the parser gets in one go: each costs a call of it, however short it is. */
const slicesAtOnce = 64
/** How many bytes it gets in one go of a stranger's body: each may be a chunk of its own. */
const bodyAtOnce = 4 * 1024

/** Whose bytes they are. Both may change with each slice. */
export type Fed = {
  /** Whether somebody has proved on this connection who they are. */
  readonly known: boolean
  /** Whether the parser may have more bytes now. */
  mayFeed(): boolean
}

/** Gives Node's parser the bytes of a connection, cut where a message may end. */
export class ParserFeed {
  readonly #socket: NodeSocket
  readonly #progress: RequestProgress
  readonly #takeBytes: (bytes: Buffer) => void

  /** `takeBytes` is Node's own listener for bytes. */
  constructor(socket: NodeSocket, progress: RequestProgress, takeBytes: (bytes: Buffer) => void) {
    this.#socket = socket
    this.#progress = progress
    this.#takeBytes = takeBytes
  }

  /** Gives it what it may have now, and returns how many bytes that were. All are taken when they turn out not to be HTTP. */
  give(bytes: Buffer, fed: Fed): number {
    const progress = this.#progress
    let at = 0
    // The first of its body comes with the next go: until then it may have become known.
    let bodyLeft = progress.inBody ? bodyAtOnce : 0
    for (let slices = 0; at < bytes.length && slices < slicesAtOnce && fed.mayFeed(); slices++) {
      const bounded = progress.inBody && !fed.known
      if (bounded && bodyLeft === 0) break
      const to = fed.known
        ? progress.mayEndWithBody(bytes, at)
        : progress.mayEnd(bounded ? bytes.subarray(0, at + bodyLeft) : bytes, at)
      if (bounded) bodyLeft -= to - at
      if (!progress.speaksHttp(bytes, at, to)) {
        const error = Object.assign(new Error('not HTTP/1.0 or HTTP/1.1'), { code: 'ERR_OTHER_PROTOCOL' })
        this.#socket.server.emit('clientError', error, this.#socket)
        return bytes.length
      }
      this.#giveSlice(at === 0 && to === bytes.length ? bytes : bytes.subarray(at, to))
      at = to
    }
    return at
  }

  #giveSlice(bytes: Buffer): void {
    const bodyBytes = this.#progress.inBody ? bytes.length : 0
    this.#takeBytes(bytes)
    if (this.#progress.took(bodyBytes)) forgetExpectation(this.#socket)
  }
}
