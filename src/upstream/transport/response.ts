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
  /** True once nobody waits for the answer any more: what has not been sent by then is not sent. */
  abandoned: () => boolean
  /** Seconds until the key may be used again after several rejections; 0 when it may be used now. */
  waitSeconds: () => number
  /** Whether bytes of the answer contain one of our keys. */
  containsKey: (bytes: Buffer) => boolean
  /** Whether an answer proves to be about this request. Without that proof its connection is closed. */
  isProven: (answer: Answer) => boolean
}

type Common = {
  /** What came back, whole or not, contains one of our keys. */
  leaksKey: boolean
  /** Milliseconds from handing the request to a connection, which may still have to be made, to the end. */
  upstreamMs: number
}

/** A complete answer. */
export type Answer = Common & { kind: 'answer'; status: number; headers: AnswerHeaders; body: string }

/** No complete answer. `sent` is false only when it is certain that not one byte of the request was written. */
export type NoAnswer = Common & { kind: 'failure'; error: unknown; sent: boolean; status?: number }

/** What the upstream answered to one request. */
export type UpstreamResponse = Answer | NoAnswer
