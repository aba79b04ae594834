import type { AnswerHeaders } from './headers.ts'

/** One request, ready to be sent. */
export type UpstreamRequest = {
  method: 'GET' | 'POST'
  /** A constant plus validated ids: never a text from the caller. */
  path: string
  headers: string[]
  body: string | null
  /** From now until the complete answer, in milliseconds. */
  deadlineMs: number
  /** True once nobody waits for the answer any more: then what has not been sent is not sent. */
  abandoned: () => boolean
  /** For how long it may not be sent after all, as its key has been refused too often meanwhile; 0 when it may. */
  waitSeconds: () => number
  /** Whether bytes of the answer hold one of our keys. */
  reveals: (bytes: Buffer) => boolean
  /** Whether an answer proves to be about this request. Without that proof its connection is closed. */
  proves: (answer: Answer) => boolean
}

/**
 * A complete answer. `reveals` is true when it holds one of our keys; `upstreamMs` are the milliseconds from when the
 * request was handed to a connection, which may have had to be made first, until the exchange ended.
 */
export type Answer = {
  kind: 'answer'
  status: number
  headers: AnswerHeaders
  body: string
  reveals: boolean
  upstreamMs: number
}

/**
 * What came of one send. `sent` is false only when it is certain that not one byte of the request was written; `reveals`
 * is true when what came back, whole or not, holds one of our keys.
 */
export type UpstreamResponse =
  | Answer
  | { kind: 'failure'; error: unknown; sent: boolean; status?: number; reveals: boolean; upstreamMs: number }

/**
 * How many members and items the answer to a call may have: it needs three, and 100,000 names of members cost JSON.parse
 * 80 ms, in which nothing else is done.
 */
export const maxAnswerMembers = 5_000

/** What the body of a 200 says that is a valid answer to an operation. */
export type Reading<T> = {
  readonly value: T
  /** The upstream's word for what it did, validated; undefined where the operation has none. */
  readonly state: string | undefined
  /** Whether that word says that it did not do it. */
  readonly refused: boolean
}

/** The deadline passed. */
export class DeadlinePassed extends Error {
  readonly code = 'DEADLINE_PASSED'
}

/** The caller left before anything was sent. */
export class CallAbandoned extends Error {
  readonly code = 'CALL_ABANDONED'
}

/** Others of the same key were refused before this was sent. */
export class KeyRefused extends Error {
  readonly code = 'KEY_REFUSED'
  readonly retryAfter: number

  constructor(retryAfter: number) {
    super('the key has been refused too often')
    this.retryAfter = retryAfter
  }
}

/** What came is not an answer in HTTP/1.0 or HTTP/1.1 with a clear end. */
export class AnswerNotHttp extends Error {
  readonly code = 'ANSWER_NOT_HTTP'
}

/** Bytes on a connection that carries no request. undici takes it for a lost connection: whoever waits for it gets another. */
export class BytesNotAskedFor extends Error {
  readonly code = 'UND_ERR_SOCKET'
}

/**
 * The upstream has ended a new connection before anything was asked on it. Without a code of its own undici would make the
 * next connection at once, and so on until the deadline.
 */
export class ConnectionEnded extends Error {
  readonly code = 'CONNECTION_ENDED'
}

/** This answer and the others under way need more memory than answers may have. */
export class AnswersTooLarge extends Error {
  readonly code = 'ANSWERS_TOO_LARGE'
}
