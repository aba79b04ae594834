import { type Header, parseHead } from './request-reader.ts'

/** One request as it was on the wire, and what the sandbox made of it. Written before any byte of its answer. */
export type RequestRecord = {
  /** Counts from 1 over all connections, in the order in which requests were complete. */
  order: number
  /** Counts from 1, in the order in which connections were accepted. */
  connection: number
  /** When the first byte of the request was read: milliseconds since 1970. */
  first_byte_at_ms: number
  /** The same on the monotonic clock, as a decimal string: it does not fit a JSON number for ever. */
  first_byte_ns: string
  /** When the last byte that counts was read. */
  received_at_ms: number
  received_ns: string
  /** The exact bytes up to and including the empty line, as latin1: one character is one byte. */
  head: string
  /** The exact bytes after it, chunk framing included, as latin1. */
  body: string
  /** False when the connection ended, was reset by a fault, or was refused before the request was whole. */
  complete: boolean
  /** Why the bytes are no HTTP request, or null. */
  malformed: string | null
  method: string | null
  target: string | null
  /** The target without its query. */
  path: string | null
  headers: readonly Header[]
  /** The connector named in the path, in lower case. */
  connector_id: string | null
  /** The status that is about to be sent; null when no whole head will be. */
  status: number | null
  /** Names of the faults applied to it, joined by "+"; null when it was answered plainly. */
  fault: string | null
}

/** What is kept of a request: a read parses the head again. */
export type RecordedRequest = Omit<RequestRecord, 'order' | 'method' | 'target' | 'path' | 'headers'>

/** The latest requests, up to a bound. Those pushed out by newer ones are counted. */
export class RequestLog {
  readonly #capacity: number
  readonly #slots: RecordedRequest[] = []
  #last = 0
  #clearedUpTo = 0
  #dropped = 0

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('recordLimit must be 1 or more')
    this.#capacity = capacity
  }

  /** The order number of the latest request ever recorded; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** How many records were pushed out by newer ones before anybody cleared them. */
  get dropped(): number {
    return this.#dropped
  }

  append(recorded: RecordedRequest): void {
    const pushedOut = this.#last + 1 - this.#capacity
    if (pushedOut > this.#clearedUpTo) this.#dropped += 1
    this.#slots[this.#last % this.#capacity] = recorded
    this.#last += 1
  }

  /** Records with an order number above `after`, oldest first, at most `limit`. */
  *read(after = 0, limit = Number.POSITIVE_INFINITY): Generator<RequestRecord> {
    const start = Math.max(after, this.#clearedUpTo, this.#last - this.#capacity)
    const end = Math.min(this.#last, start + limit)
    for (let order = start + 1; order <= end; order += 1) {
      const recorded = this.#slots[(order - 1) % this.#capacity]
      // A slot may have been overwritten or cleared while the reader was paused.
      if (recorded !== undefined && order > this.#last - this.#capacity) yield expand(order, recorded)
    }
  }

  /** Forgets all records. Order numbers go on. */
  clear(): void {
    this.#clearedUpTo = this.#last
    this.#slots.length = 0
  }
}

function expand(order: number, recorded: RecordedRequest): RequestRecord {
  const parsed = recorded.head.endsWith('\r\n\r\n') ? parseHead(recorded.head.slice(0, -4)) : 'incomplete'
  const head = typeof parsed === 'string' ? { method: null, target: null, path: null, headers: [] } : parsed
  const { method, target, path, headers } = head
  return { order, ...recorded, method, target, path, headers }
}
