import { UpstreamError } from './upstream-error.ts'

const cr = 0x0d
const lf = 0x0a
const space = 0x20
const zero = 0x30
const one = 0x31
/** Each character of a status line lies between these; after them comes a space, or the end of the line. */
const lowest = Buffer.from('HTTP/1.0 100')
const highest = Buffer.from('HTTP/1.1 599')
const minorOffset = 7
const statusOffset = 9

const maxHeadBytes = 16_384
/** Each line costs the parser some objects, however short it is. */
const maxHeadLines = 256
/** Of all interim answers to one request. */
const maxInterimBytes = 65_536

/**
 * What may come next on a connection: nothing before a request; then a status line; the rest of the head of an interim answer
 * or of the answer itself; and after that its body, whose end the parser finds.
 */
type Expected = 'nothing' | 'status-line' | 'interim-head' | 'head' | 'body'

/**
 * Stands before the parser of one connection and reads the head of each answer. undici rejects a `100 Continue` that nobody
 * asked for, skips any number of other interim answers, and reads status lines of RTSP or HTTP/2.0 as HTTP/1.1. Here interim
 * answers are taken out, within a bound, and no other protocol gets through. Each byte is looked at once.
 */
export class HeadFilter {
  #expected: Expected = 'nothing'
  /** The beginning of a status line that is not complete yet. */
  #held: Buffer | undefined
  #minor = 1
  #headBytes = 0
  #headLines = 0
  #interimBytes = 0
  #lineLength = 0
  #endsWithCr = false

  /** A request is about to be written: its answer may come. */
  expectAnswer(): void {
    this.#interimBytes = 0
    this.#expectStatusLine()
  }

  /** The answer is complete: nothing more may come. */
  expectNothing(): void {
    this.#expected = 'nothing'
  }

  /** Whether the answer is one of HTTP/1.0, which knows no chunks. */
  get isHttp10(): boolean {
    return this.#minor === 0
  }

  /** The part of these bytes that the parser may see; null for none. Throws the error that ends the connection. */
  pass(chunk: Buffer): Buffer | null {
    if (this.#expected === 'body') return chunk
    if (this.#expected === 'nothing') throw new UpstreamError('UND_ERR_SOCKET')
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = undefined
    return this.#passFrom(bytes)
  }

  #passFrom(bytes: Buffer): Buffer | null {
    // Where the answer itself begins, which is passed on whole.
    let answerStart = -1
    for (let at = 0; at < bytes.length && this.#expected !== 'body'; at = this.#readHead(bytes, at)) {
      if (this.#expected === 'status-line' && !this.#readStatusLine(bytes, at)) {
        this.#held = bytes.subarray(at)
        return null
      }
      if (this.#expected === 'head' && answerStart === -1) answerStart = at
    }
    return answerStart === -1 ? null : bytes.subarray(answerStart)
  }

  /** False when more of it has to come. */
  #readStatusLine(bytes: Buffer, start: number): boolean {
    if (!isStatusLine(bytes, start)) return false
    const at = start + statusOffset
    const interim = bytes[at] === one
    if (interim && bytes[at + 1] === zero && bytes[at + 2] === one)
      throw notHttp('the upstream changes to another protocol')
    this.#minor = (bytes[start + minorOffset] ?? 0) - zero
    this.#expected = interim ? 'interim-head' : 'head'
    return true
  }

  /** Reads lines until the empty one that ends the head, or all that came; returns where it stopped. */
  #readHead(bytes: Buffer, start: number): number {
    let at = start
    while (at < bytes.length) {
      const end = bytes.indexOf(lf, at)
      this.#count(end === -1 ? bytes.length - at : end + 1 - at)
      if (end === -1) {
        this.#lineLength += bytes.length - at
        this.#endsWithCr = bytes[bytes.length - 1] === cr
        return bytes.length
      }
      const length = this.#lineLength + end - at
      // The line's last character may have come with the bytes before.
      const endsWithCr = end > at ? bytes[end - 1] === cr : this.#endsWithCr
      if (!endsWithCr) throw notHttp('a line of a head does not end with CR LF')
      this.#lineLength = 0
      this.#endsWithCr = false
      at = end + 1
      if (length === 1) {
        if (this.#expected === 'head') this.#expected = 'body'
        else this.#expectStatusLine()
        return at
      }
      if (++this.#headLines > maxHeadLines) throw notHttp('a head of too many lines')
    }
    return at
  }

  #count(bytes: number): void {
    this.#headBytes += bytes
    if (this.#headBytes > maxHeadBytes) throw notHttp('a head of too many bytes')
    if (this.#expected !== 'interim-head') return
    this.#interimBytes += bytes
    if (this.#interimBytes > maxInterimBytes) throw notHttp('interim answers without end')
  }

  #expectStatusLine(): void {
    this.#expected = 'status-line'
    this.#held = undefined
    this.#headBytes = 0
    this.#headLines = 0
    this.#lineLength = 0
    this.#endsWithCr = false
  }
}

/** False when more has to come before that can be said. Throws for the status line of another protocol. */
function isStatusLine(bytes: Buffer, start: number): boolean {
  const length = Math.min(bytes.length - start, lowest.length)
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0
    if (byte < (lowest[index] ?? 0) || byte > (highest[index] ?? 0)) throw noStatusLine()
  }
  const next = bytes[start + lowest.length]
  if (next === undefined) return false
  if (next !== space && next !== cr) throw noStatusLine()
  return true
}

const notHttp = (message: string) => new UpstreamError('ANSWER_NOT_HTTP', message)
const noStatusLine = () => notHttp('no status line of HTTP/1.0 or HTTP/1.1')
