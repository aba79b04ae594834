import type { NodeSocket } from '../node-socket.ts'
import { forgetExpectation } from './expect-continue.ts'
import type { RequestProgress } from './request-progress.ts'

/** How many slices the parser gets at once: each costs a call of it, however short it is. */
const maxSlices = 64
/** How many bytes it gets at once of an anonymous body: each may be a chunk of its own. */
const maxAnonymousBody = 4 * 1024

/** The connection that the bytes come from. Both members may change with each slice. */
export type ParserInput = {
  readonly authenticated: boolean
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

  /** Gives the parser what it may have now, and returns how many bytes that were: all of them when they are not HTTP. */
  give(bytes: Buffer, input: ParserInput): number {
    const progress = this.#progress
    let at = 0
    // The body begins with the next call: by then the connection may have authenticated.
    let bodyLeft = progress.inBody ? maxAnonymousBody : 0
    for (let slices = 0; at < bytes.length && slices < maxSlices && input.mayFeed(); slices++) {
      const isBounded = progress.inBody && !input.authenticated
      if (isBounded && bodyLeft === 0) break
      const to = input.authenticated
        ? progress.mayEndWithBody(bytes, at)
        : progress.mayEnd(isBounded ? bytes.subarray(0, at + bodyLeft) : bytes, at)
      if (isBounded) bodyLeft -= to - at
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
