import { AnswerNotHttp, BytesNotAskedFor } from '../response.ts'

const cr = 0x0d
const lf = 0x0a
const space = 0x20
const zero = 0x30
const one = 0x31
/** Each character of a status line lies between these; behind them comes a space, or the end of the line. */
const lowest = Buffer.from('HTTP/1.0 100')
const highest = Buffer.from('HTTP/1.1 599')
const atMinor = 7
const atStatus = 9

const maxHeadBytes = 16_384
/** Each line costs the parser some objects, however short it is. */
const maxHeadLines = 256
/** Of all interim answers to one request. */
const maxInterimBytes = 65_536

/**
 * What may come next on a connection: nothing before a request; then a status line; the rest of the head of an
 * interim answer or of the answer itself; and behind that its body, whose end the parser finds.
 */
type Expected = 'nothing' | 'status-line' | 'interim-head' | 'head' | 'body'

/**
 * Stands before the parser of one connection and sees the head of each answer. undici takes a `100 Continue` that nobody
 * asked for as a bad answer, passes over any number of other interim answers, and reads status lines of RTSP or HTTP/2.0
 * as if they were HTTP/1.1. Here interim answers are taken out, within a bound, and no other protocol gets through.
 * Each byte is looked at once.
 */
export class AnswerHeads {
  #expected: Expected = 'nothing'
  /** The beginning of a status line that has not come whole yet. */
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
  get isOld(): boolean {
    return this.#minor === 0
  }

  /** What the parser may see of bytes that came; null when that is nothing. Throws what the connection ends with. */
  admit(chunk: Buffer): Buffer | null {
    if (this.#expected === 'body') return chunk
    if (this.#expected === 'nothing') throw new BytesNotAskedFor()
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = undefined
    return this.#admitFrom(bytes)
  }

  #admitFrom(bytes: Buffer): Buffer | null {
    // Where the answer itself begins, which is passed on whole.
    let passed = -1
    for (let at = 0; at < bytes.length; ) {
      if (this.#expected === 'status-line' && !this.#readStatusLine(bytes, at)) {
        this.#held = bytes.subarray(at)
        return null
      }
      if (this.#expected === 'head' && passed === -1) passed = at
      at = this.#readHead(bytes, at)
      if (this.#expected === 'body') break
    }
    return passed === -1 ? null : bytes.subarray(passed)
  }

  /** False when more of it has to come. */
  #readStatusLine(bytes: Buffer, start: number): boolean {
    if (!isStatusLine(bytes, start)) return false
    const interim = bytes[start + atStatus] === one
    if (interim && bytes[start + atStatus + 1] === zero && bytes[start + atStatus + 2] === one)
      throw new AnswerNotHttp('the upstream changes to another protocol')
    this.#minor = (bytes[start + atMinor] ?? 0) - zero
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
      const whole = end > at ? bytes[end - 1] === cr : this.#endsWithCr
      if (!whole) throw new AnswerNotHttp('a line of a head does not end with CR LF')
      this.#lineLength = 0
      this.#endsWithCr = false
      at = end + 1
      if (length === 1) {
        this.#endHead()
        return at
      }
      if (++this.#headLines > maxHeadLines) throw new AnswerNotHttp('a head of too many lines')
    }
    return at
  }

  #count(bytes: number): void {
    this.#headBytes += bytes
    if (this.#headBytes > maxHeadBytes) throw new AnswerNotHttp('a head of too many bytes')
    if (this.#expected !== 'interim-head') return
    this.#interimBytes += bytes
    if (this.#interimBytes > maxInterimBytes) throw new AnswerNotHttp('interim answers without end')
  }

  #endHead(): void {
    if (this.#expected === 'head') this.#expected = 'body'
    else this.#expectStatusLine()
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

/** False when more has to come before that can be said. Throws when it is a status line of something else. */
function isStatusLine(bytes: Buffer, start: number): boolean {
  const length = Math.min(bytes.length - start, lowest.length)
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0
    if (byte < (lowest[index] ?? 0) || byte > (highest[index] ?? 0)) throw noStatusLine()
  }
  const behind = bytes[start + lowest.length]
  if (behind === undefined) return false
  if (behind !== space && behind !== cr) throw noStatusLine()
  return true
}

function noStatusLine(): AnswerNotHttp {
  return new AnswerNotHttp('no status line of HTTP/1.0 or HTTP/1.1')
}
