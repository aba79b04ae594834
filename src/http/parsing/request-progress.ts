import type { IncomingMessage } from 'node:http'
import { MessageBoundaries } from './message-boundaries.ts'

/** How much of the latest request of a connection has come. */
export class RequestProgress {
  readonly #boundaries = new MessageBoundaries()
  #request: IncomingMessage | null = null
  /** Bytes of its body still to come, without end for a chunked one. */
  #bodyLeft = 0

  /** Whether its head has come, and its body not all. */
  get inBody(): boolean {
    return this.#bodyLeft > 0
  }

  /** Whether its head has come, and not all of it. */
  get incomplete(): boolean {
    return this.#request !== null
  }

  /** Whether a byte of it has come, and not all of it. */
  get hasBegun(): boolean {
    return this.incomplete || this.#boundaries.hasBegun
  }

  /** Its head has come. */
  begin(request: IncomingMessage): void {
    const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers
    this.#request = request
    this.#bodyLeft = encoding === undefined ? Number(length) : Number.POSITIVE_INFINITY
  }

  /** It will not be answered as a request. */
  forget(): void {
    this.#request = null
    this.#bodyLeft = 0
  }

  /** Where it may end at the earliest, from `from` on: the parser may have the bytes up to there. */
  mayEnd(bytes: Buffer, from: number): number {
    const isCounted = this.inBody && this.#bodyLeft !== Number.POSITIVE_INFINITY
    return isCounted ? Math.min(bytes.length, from + this.#bodyLeft) : this.#boundaries.next(bytes, from)
  }

  /** The same, but a body that came with its head, and with nothing after it, goes with the head: one call of the parser. */
  mayEndWithBody(bytes: Buffer, from: number): number {
    const end = this.mayEnd(bytes, from)
    const rest = bytes.length - end
    return rest > 0 && !this.inBody && announces(bytes.subarray(from, end), rest) ? bytes.length : end
  }

  /** False once its first line is complete and of another protocol. */
  speaksHttp(bytes: Buffer, from: number, to: number): boolean {
    return this.inBody || this.#boundaries.speaksHttp(bytes, from, to)
  }

  /** The parser has taken so many bytes of its body, or, with 0, of its head. True when the request is complete with them. */
  took(bodyBytes: number): boolean {
    if (!this.#request?.complete) {
      this.#bodyLeft -= bodyBytes
      return false
    }
    this.forget()
    this.#boundaries.begin()
    return true
  }
}

/** Whether a head announces so many bytes, in the spelling of most clients. A head with two lengths is refused later. */
function announces(head: Buffer, length: number): boolean {
  return (
    head.includes(`\r\nContent-Length: ${length}\r\n`, 0, 'latin1') ||
    head.includes(`\r\ncontent-length: ${length}\r\n`, 0, 'latin1')
  )
}
