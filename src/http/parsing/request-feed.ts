import type { IncomingMessage } from 'node:http'
import type { NodeSocket } from '../node-socket.ts'
import { forgetExpectation } from './expect-continue.ts'
import { MessageBoundaries } from './message-boundaries.ts'

/** How many slices the parser gets at once: each costs a call of it, however short it is. */
const maxSlices = 64
/** How many bytes it gets at once of an anonymous body: each may be a chunk of its own. */
const maxAnonymousBody = 4 * 1024

/** The connection that the bytes come from. Both members may change with each slice. */
export type FedConnection = {
  readonly authenticated: boolean
  mayFeed(): boolean
}

/** Gives Node's parser the bytes of a connection, cut where a message may end, and follows the latest request. */
export class RequestFeed {
  readonly #socket: NodeSocket
  readonly #takeBytes: (bytes: Buffer) => void
  readonly #boundaries = new MessageBoundaries()
  /** Null when it has come completely. */
  #request: IncomingMessage | null = null
  /** Bytes of its body still to come, without end for a chunked one. */
  #bodyLeft = 0

  /** `takeBytes` is Node's own listener for bytes. */
  constructor(socket: NodeSocket, takeBytes: (bytes: Buffer) => void) {
    this.#socket = socket
    this.#takeBytes = takeBytes
  }

  /** Whether the latest request's head has come, and its body not all. */
  get inBody(): boolean {
    return this.#bodyLeft > 0
  }

  get incomplete(): boolean {
    return this.#request !== null
  }

  /** Whether a byte of it has come, and not all of it. */
  get hasBegun(): boolean {
    return this.incomplete || this.#boundaries.hasBegun
  }

  begin(request: IncomingMessage): void {
    const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers
    this.#request = request
    this.#bodyLeft = encoding === undefined ? Number(length) : Number.POSITIVE_INFINITY
  }

  /** The latest request is complete, or will not be answered as a request. */
  forget(): void {
    this.#request = null
    this.#bodyLeft = 0
  }

  /** Gives the parser what it may have now, and returns how many bytes that were: all of them when they are not HTTP. */
  give(bytes: Buffer, connection: FedConnection): number {
    let at = 0
    // The body begins with the next call: by then the connection may have authenticated.
    let bodyLeft = this.inBody ? maxAnonymousBody : 0
    for (let slices = 0; at < bytes.length && slices < maxSlices && connection.mayFeed(); slices++) {
      const isBounded = this.inBody && !connection.authenticated
      if (isBounded && bodyLeft === 0) break
      const to = connection.authenticated
        ? this.#mayEndWithBody(bytes, at)
        : this.#mayEnd(isBounded ? bytes.subarray(0, at + bodyLeft) : bytes, at)
      if (isBounded) bodyLeft -= to - at
      if (!this.inBody && !this.#boundaries.speaksHttp(bytes, at, to)) {
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
    const bodyBytes = this.inBody ? bytes.length : 0
    this.#takeBytes(bytes)
    if (this.#request?.complete) {
      this.forget()
      this.#boundaries.begin()
      forgetExpectation(this.#socket)
    } else this.#bodyLeft -= bodyBytes
  }

  /** Where the request may end at the earliest, from `from` on: the parser may have the bytes up to there. */
  #mayEnd(bytes: Buffer, from: number): number {
    const isCounted = this.inBody && this.#bodyLeft !== Number.POSITIVE_INFINITY
    return isCounted ? Math.min(bytes.length, from + this.#bodyLeft) : this.#boundaries.next(bytes, from)
  }

  /** The same, but a body that came with its head, and with nothing after it, goes with the head: one call of the parser. */
  #mayEndWithBody(bytes: Buffer, from: number): number {
    const end = this.#mayEnd(bytes, from)
    const rest = bytes.length - end
    return rest > 0 && !this.inBody && announces(bytes, from, end, rest) ? bytes.length : end
  }
}

/**
 * Whether the head between two indexes announces so many bytes, in the spelling of most clients. A head with two lengths is
 * refused later.
 */
function announces(bytes: Buffer, from: number, end: number, length: number): boolean {
  const value = `ontent-Length: ${length}\r\n`
  return (
    isBetween(bytes, `\r\nC${value}`, from, end) || isBetween(bytes, `\r\nc${value.toLowerCase()}`, from, end)
  )
}

function isBetween(bytes: Buffer, text: string, from: number, end: number): boolean {
  const found = bytes.indexOf(text, from, 'latin1')
  return found !== -1 && found + text.length <= end
}
