import type { SandboxClock } from './clock.ts'

export type Header = readonly [name: string, value: string]

/** When bytes arrived: wall clock and monotonic. */
export type Arrival = { readonly atMs: number; readonly ns: bigint }

/** The exact bytes of one request and when the first of them came. */
export type RawRequest = { readonly head: Buffer; readonly body: Buffer; readonly firstByte: Arrival }

export type ReceivedRequest = {
  readonly method: string
  readonly target: string
  /** The target without its query. Nothing is decoded. */
  readonly path: string
  readonly version: '1.0' | '1.1'
  readonly headers: readonly Header[]
  /** The body without its transfer coding. */
  readonly payload: Buffer
}

export type Reading =
  | { readonly kind: 'request'; readonly request: ReceivedRequest; readonly raw: RawRequest }
  | { readonly kind: 'malformed'; readonly why: string; readonly raw: RawRequest }

export type ReceivedHead = Omit<ReceivedRequest, 'payload'>

const headLimitBytes = 64 * 1024
const bodyLimitBytes = 4 * 1024 * 1024
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(1\.[01])$/
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/

/**
 * Cuts a socket's bytes into requests without changing one of them.
 * Stricter than most servers on purpose: whatever two readers could understand differently is malformed here.
 */
export class RequestReader {
  readonly #clock: SandboxClock
  #pending: { bytes: Buffer; arrival: Arrival }[] = []

  constructor(clock: SandboxClock) {
    this.#clock = clock
  }

  push(bytes: Buffer): void {
    this.#pending.push({ bytes, arrival: { atMs: this.#clock.nowMs(), ns: this.#clock.monotonicNs() } })
  }

  get pendingBytes(): number {
    return this.#pending.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The next whole request, or null while bytes are missing. */
  next(): Reading | null {
    if (this.#pending.length === 0) return null
    const bytes = this.#joined()
    const headEnd = bytes.indexOf('\r\n\r\n')
    if (headEnd === -1) {
      return bytes.length > headLimitBytes ? this.#malformed('head too large', bytes.length) : null
    }
    const headBytes = headEnd + 4
    const head = parseHead(bytes.toString('latin1', 0, headEnd))
    if (typeof head === 'string') return this.#malformed(head, headBytes)
    const framing = bodyFraming(head.headers)
    if (typeof framing === 'string') return this.#malformed(framing, headBytes)
    const body = framing.chunked
      ? readChunks(bytes.subarray(headBytes))
      : readLength(bytes.subarray(headBytes), framing.length)
    if (body === null) return null
    if (typeof body === 'string') return this.#malformed(body, headBytes)
    const raw = this.#take(headBytes, body.rawBytes)
    return { kind: 'request', request: { ...head, payload: body.payload }, raw }
  }

  /** What arrived of a request that will never be whole, or null. The bytes are consumed. */
  remainder(): RawRequest | null {
    if (this.#pending.length === 0) return null
    const bytes = this.#joined()
    const headEnd = bytes.indexOf('\r\n\r\n')
    const headBytes = headEnd === -1 ? bytes.length : headEnd + 4
    return this.#take(headBytes, bytes.length - headBytes)
  }

  #malformed(why: string, headBytes: number): Reading {
    return { kind: 'malformed', why, raw: this.#take(headBytes, this.pendingBytes - headBytes) }
  }

  #joined(): Buffer {
    const [first, ...rest] = this.#pending
    if (first !== undefined && rest.length === 0) return first.bytes
    return Buffer.concat(this.#pending.map(({ bytes }) => bytes))
  }

  #take(headBytes: number, bodyBytes: number): RawRequest {
    const bytes = this.#joined()
    const firstByte = (this.#pending[0] as { arrival: Arrival }).arrival
    const whole = headBytes + bodyBytes
    let left = whole
    while (left > 0) {
      const first = this.#pending[0] as { bytes: Buffer; arrival: Arrival }
      if (first.bytes.length <= left) {
        this.#pending.shift()
        left -= first.bytes.length
      } else {
        first.bytes = first.bytes.subarray(left)
        left = 0
      }
    }
    return { head: bytes.subarray(0, headBytes), body: bytes.subarray(headBytes, whole), firstByte }
  }
}

/** Parses request line and headers, without the empty line. A string says what is wrong. */
export function parseHead(text: string): ReceivedHead | string {
  const [first = '', ...lines] = text.split('\r\n')
  const [, method, target, version] = requestLine.exec(first) ?? []
  if (method === undefined || target === undefined) return 'request line'
  const headers: Header[] = []
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined) return 'header line'
    headers.push([name, value.trimEnd()])
  }
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  return { method, target, path, version: version === '1.0' ? '1.0' : '1.1', headers }
}

/** The values of a header, in the order in which they came. */
export function headerValues(headers: readonly Header[], wanted: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
}

function bodyFraming(headers: readonly Header[]): { chunked: boolean; length: number } | string {
  const lengths = headerValues(headers, 'content-length')
  const codings = headerValues(headers, 'transfer-encoding')
  if (lengths.length + codings.length > 1) return 'more than one framing header'
  if (codings[0] !== undefined) {
    return codings[0].toLowerCase() === 'chunked' ? { chunked: true, length: 0 } : 'transfer coding'
  }
  if (lengths[0] === undefined) return { chunked: false, length: 0 }
  if (!/^\d{1,9}$/.test(lengths[0])) return 'content length'
  const length = Number(lengths[0])
  return length > bodyLimitBytes ? 'body too large' : { chunked: false, length }
}

type Body = { readonly payload: Buffer; readonly rawBytes: number }

function readLength(bytes: Buffer, length: number): Body | null {
  return bytes.length < length ? null : { payload: bytes.subarray(0, length), rawBytes: length }
}

function readChunks(bytes: Buffer): Body | string | null {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return bytes.length - at > 16 ? 'chunk size' : null
    const size = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-fA-F]{1,6}$/.test(size)) return 'chunk size'
    const start = lineEnd + 2
    const end = start + Number.parseInt(size, 16)
    if (end > bodyLimitBytes) return 'body too large'
    if (bytes.length < end + 2) return null
    // After the last chunk this is also the end of the trailers: a trailer field is refused.
    if (bytes.toString('latin1', end, end + 2) !== '\r\n')
      return end === start ? 'trailer field' : 'chunk end'
    if (end === start) return { payload: Buffer.concat(parts), rawBytes: end + 2 }
    parts.push(bytes.subarray(start, end))
    at = end + 2
  }
}
