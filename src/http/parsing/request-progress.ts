import type { IncomingMessage } from 'node:http'
import { MessageEdges } from './message-edges.ts'

/** How far the latest request of a connection has come. */
export class RequestProgress {
  readonly #edges = new MessageEdges()
  #request: IncomingMessage | null = null
  /** Bytes of its body still to come; of a chunked one nobody knows how many. */
  #bodyLeft = 0

  /** Whether its head has come, and its body not all. */
  get inBody(): boolean {
    return this.#bodyLeft > 0
  }

  /** Whether a request has begun and has not come whole. */
  get incomplete(): boolean {
    return this.#request !== null
  }

  /** Whether a byte of a request has come that has not come whole. */
  get hasBegun(): boolean {
    return this.incomplete || this.#edges.hasBegun
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
    const counted = this.inBody && this.#bodyLeft !== Number.POSITIVE_INFINITY
    return counted ? Math.min(bytes.length, from + this.#bodyLeft) : this.#edges.next(bytes, from)
  }

  /** The same, but a body that came with its head, and with nothing behind it, goes with it: the parser is called once. */
  mayEndWithBody(bytes: Buffer, from: number): number {
    const end = this.mayEnd(bytes, from)
    const rest = bytes.length - end
    return rest > 0 && !this.inBody && announces(bytes.subarray(from, end), rest) ? bytes.length : end
  }

  /** False as soon as its first line has come whole and is of another protocol. */
  speaksHttp(bytes: Buffer, from: number, to: number): boolean {
    return this.inBody || this.#edges.speaksHttp(bytes, from, to)
  }

  /** The parser has taken so many bytes of its body, or, with 0, of its head. True when it has come whole with them. */
  took(bodyBytes: number): boolean {
    if (!this.#request?.complete) {
      this.#bodyLeft -= bodyBytes
      return false
    }
    this.forget()
    this.#edges.begin()
    return true
  }
}

/** Whether a head says, as most clients spell it, that so many bytes follow. Where it says more than one thing it is refused. */
function announces(head: Buffer, length: number): boolean {
  return (
    head.includes(`\r\nContent-Length: ${length}\r\n`, 0, 'latin1') ||
    head.includes(`\r\ncontent-length: ${length}\r\n`, 0, 'latin1')
  )
}
