const emptyLine = Buffer.from('\r\n\r\n')
const cr = 13
const lf = 10
/** How a request line of HTTP/1.0 or HTTP/1.1 ends, but for the last digit of its version and the line's end. */
const protocol = Buffer.from(' HTTP/1.')
const noBytes = Buffer.alloc(0)
/** `protocol`, the digit and CRLF. */
const lineEndLength = protocol.length + 3

/**
 * Where messages may end in a connection's bytes, however they are split. For Node's strict parser heads and chunked bodies end at
 * an empty line only: fed up to one empty line at a time, it finds one end at most.
 */
export class MessageBoundaries {
  /** How many bytes of an empty line the bytes so far end with. */
  #matched = 0
  #lineBegun = false
  #lineEnded = false
  /** The last bytes of a request line that is not complete. */
  #line: Buffer = noBytes

  /** Whether a byte of a message has come; empty lines before it do not count. */
  get hasBegun(): boolean {
    return this.#lineBegun
  }

  begin(): void {
    this.#matched = 0
    this.#lineBegun = false
    this.#lineEnded = false
  }

  /** The index after the next empty line from `from` on, or the length where there is none. */
  next(bytes: Buffer, from: number): number {
    const end = this.#endOfBegun(bytes, from)
    if (end !== -1) return end
    const found = bytes.indexOf(emptyLine, from)
    this.#matched = found === -1 ? matchedAtEnd(bytes, from) : 0
    return found === -1 ? bytes.length : found + emptyLine.length
  }

  /** Where an empty line ends that began in earlier bytes; -1 when these do not go on with it. */
  #endOfBegun(bytes: Buffer, from: number): number {
    let matched = this.#matched
    if (matched === 0) return -1
    let at = from
    while (at < bytes.length && matched < emptyLine.length && bytes[at] === emptyLine[matched]) {
      at++
      matched++
    }
    if (matched < emptyLine.length && at < bytes.length) return -1
    this.#matched = matched % emptyLine.length
    return at
  }

  /** False once the request line is complete and of neither HTTP/1.0 nor HTTP/1.1: Node's parser takes RTSP and ICE as well. */
  speaksHttp(bytes: Buffer, from: number, to: number): boolean {
    if (this.#lineEnded) return true
    let start = from
    // Empty lines before a request are skipped, as the parser does.
    if (!this.#lineBegun) {
      while (start < to && (bytes[start] === cr || bytes[start] === lf)) start++
      if (start === to) return true
      this.#lineBegun = true
      this.#line = noBytes
    }
    const end = bytes.indexOf(lf, start)
    this.#lineEnded = end !== -1 && end < to
    if (this.#lineEnded && this.#line.length === 0) return endsInHttp(bytes, start, end + 1)
    const line = Buffer.concat([this.#line, bytes.subarray(start, this.#lineEnded ? end + 1 : to)])
    if (this.#lineEnded) return endsInHttp(line, 0, line.length)
    this.#line = line.subarray(-lineEndLength)
    return true
  }
}

/** How many bytes of an empty line these bytes end with. */
function matchedAtEnd(bytes: Buffer, from: number): number {
  const last = bytes.length - 1
  if (last < from) return 0
  if (bytes[last] === lf) return last > from && bytes[last - 1] === cr ? 2 : 0
  if (bytes[last] !== cr) return 0
  return last - 1 > from && bytes[last - 1] === lf && bytes[last - 2] === cr ? 3 : 1
}

function endsInHttp(line: Buffer, from: number, to: number): boolean {
  const start = to - lineEndLength
  if (start < from) return false
  // By hand: a call of Buffer for eight bytes costs more.
  for (let at = 0; at < protocol.length; at++) if (line[start + at] !== protocol[at]) return false
  const digit = line[to - 3]
  return (digit === 0x30 || digit === 0x31) && line[to - 2] === cr
}
