const emptyLine = Buffer.from('\r\n\r\n')
const cr = 13
const lf = 10
/** How a request line ends that this server takes, but for the last digit of its version and the line's end. */
const protocol = Buffer.from(' HTTP/1.')
/** `protocol`, the digit and CRLF. */
const lineEndLength = protocol.length + 3

/**
 * Where messages may end in the bytes of a connection, wherever they were split on their way. Node's parser, strict as
 * it is here, ends a head at an empty line and nowhere else, and a chunked body, with or without trailers, as well: who
 * feeds it up to an empty line at a time feeds it one end at most.
 */
export class MessageEdges {
  /** How many bytes of an empty line the bytes so far end with. */
  #matched = 0
  #lineBegun = false
  #lineEnded = false
  /** The last bytes of a request line that has not come whole. */
  #line: Buffer = Buffer.alloc(0)

  /** Whether a byte of a message has come: empty lines before it are none. */
  get hasBegun(): boolean {
    return this.#lineBegun
  }

  /** What comes now begins a message. */
  begin(): void {
    this.#matched = 0
    this.#lineBegun = false
    this.#lineEnded = false
  }

  /** The index behind the next empty line from `from` on, or the length where there is none. */
  next(bytes: Buffer, from: number): number {
    const end = this.#endOfBegun(bytes, from)
    if (end !== -1) return end
    const found = bytes.indexOf(emptyLine, from)
    if (found !== -1) {
      this.#matched = 0
      return found + emptyLine.length
    }
    this.#matched = endingIn(bytes, from)
    return bytes.length
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

  /**
   * False as soon as the request line has come whole and does not end in HTTP/1.0 or HTTP/1.1: to Node's parser RTSP and
   * ICE are as good.
   */
  speaksHttp(bytes: Buffer, from: number, to: number): boolean {
    if (this.#lineEnded) return true
    let start = from
    // Empty lines before a request are skipped, as the parser does.
    if (!this.#lineBegun) {
      while (start < to && (bytes[start] === cr || bytes[start] === lf)) start++
      if (start === to) return true
      this.#lineBegun = true
      this.#line = bytes.subarray(0, 0)
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

/** How many bytes of an empty line they end with. */
function endingIn(bytes: Buffer, from: number): number {
  const last = bytes.length - 1
  if (last < from) return 0
  if (bytes[last] === lf) return last > from && bytes[last - 1] === cr ? 2 : 0
  if (bytes[last] !== cr) return 0
  return last - 1 > from && bytes[last - 1] === lf && bytes[last - 2] === cr ? 3 : 1
}

function endsInHttp(line: Buffer, from: number, to: number): boolean {
  const start = to - lineEndLength
  if (start < from) return false
  for (let index = 0; index < protocol.length; index++)
    if (line[start + index] !== protocol[index]) return false
  const digit = line[to - 3]
  return (digit === 0x30 || digit === 0x31) && line[to - 2] === cr
}
