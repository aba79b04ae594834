import type { AnswerHeaders } from './headers.ts'

/** One request, ready to be sent, and what its response is classified as. */
export type UpstreamRequest<Result> = {
  readonly method: 'GET' | 'POST'
  /** A constant plus validated ids: never a text from the caller. */
  readonly path: string
  readonly headers: string[]
  readonly body: string | null
  /** When the complete answer must be there, in monotonic milliseconds. */
  readonly deadlineAt: number
  /** True once nobody waits for the answer any more: what has not been sent by then is not sent. */
  abandoned(): boolean
  /** Seconds until the key may be used again after several rejections; 0 when it may be used now. */
  waitSeconds(): number
  /** Whether bytes of the answer contain one of our keys. */
  containsKey(bytes: Buffer): boolean
  /** Called once, with what came or with why nothing came. */
  classify(response: UpstreamResponse): Result
  /** Whether the answer with this result proves to be about this request. Without that proof its connection is closed. */
  isProven(result: Result): boolean
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
