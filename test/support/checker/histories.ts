import type { RequestRecord } from '../../../src/sandbox/request-record.ts'

export type Headers = readonly (readonly [name: string, value: string])[]

/** One entry of U: a request as the upstream received it. */
export type UpstreamRequest = {
  /** When its first byte came, milliseconds since 1970. */
  readonly receivedAtMs: number
  /** The same on the monotonic clock of the machine, to be compared with a durability witness. */
  readonly receivedAtNs?: bigint
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: string
  /** Taken from the x-request-id header when absent. */
  readonly requestId?: string
  /** The status the upstream answered with; null or absent when it gave no whole answer. */
  readonly answered?: number | null
}

/** One entry of C: what a client saw. Without `status` it got no answer. */
export type ClientAnswer = {
  readonly method?: string
  /** A sync of a connector when absent. */
  readonly path?: string
  readonly status?: number
  readonly headers: Headers
  readonly body: string
  /** Why the answer is missing or cut short; the bytes that came are then not judged. */
  readonly error?: string
  /** Taken from the x-request-id header when absent. */
  readonly requestId?: string
  /** What the client asked for. */
  readonly connectorId?: string
  readonly dateLimit?: string
  /** When the first byte of the answer came, milliseconds since 1970. */
  readonly firstByteAtMs?: number
}

/** One entry of A, parsed. */
export type Entry = { readonly line: number; readonly [member: string]: unknown }

/** A broken promise of `guarantees.md`. */
export type Violation = {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I6' | 'I7' | 'I8'
  readonly detail: string
  readonly requestId?: string
}

/** The value of a header, or undefined. */
export function header(headers: Headers, name: string): string | undefined {
  return headers.find(([found]) => found.toLowerCase() === name)?.[1]
}

/** The request an entry of U or C belongs to. */
export function requestIdOf({ requestId, headers }: UpstreamRequest | ClientAnswer): string | undefined {
  return requestId ?? header(headers, 'x-request-id')
}

/** What the sandbox recorded, as an entry of U. A head that is not whole still tells its request id if that came. */
export function upstreamRequestOf(record: RequestRecord): UpstreamRequest {
  const requestId = /^x-request-id: *([^\r\n]+)\r$/im.exec(record.head)?.[1]
  return {
    receivedAtMs: record.first_byte_at_ms,
    receivedAtNs: BigInt(record.first_byte_ns),
    method: record.method ?? '',
    path: record.path ?? '',
    headers: record.headers,
    body: record.body,
    answered: record.status,
    ...(requestId !== undefined && { requestId })
  }
}

/** JSON as an object, or null for anything else. */
export function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
