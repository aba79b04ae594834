import assert from 'node:assert/strict'
import type { Capacity } from './capacity.ts'
import type { Connection } from './connection.ts'
import { type AnswerHeaders, answerHeaders } from './headers.ts'
import type { UpstreamRequest, UpstreamResponse } from './response.ts'
import { ResponseBody } from './response-body.ts'
import { UpstreamError } from './upstream-error.ts'

/** The part of undici's handler interface that is used. */
type Controller = { abort(reason: Error): void }
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** One request until its response: a handler of undici, which costs less than a stream and shows when sending begins. */
export class PendingRequest {
  /** The connection that it was handed to. */
  connection: Connection | undefined
  /** Whether the answer has proven to be the one to this request. */
  proven = false
  readonly #request: UpstreamRequest
  readonly #finish: (response: UpstreamResponse) => void
  readonly #timer: NodeJS.Timeout
  readonly #body: ResponseBody
  #handedOverAt: number | undefined
  #sent = false
  #finished = false
  #status: number | undefined
  #headers: AnswerHeaders | undefined
  #leaksKey = false

  /** `memory` is what all responses under way may take together. */
  constructor(request: UpstreamRequest, memory: Capacity, finish: (response: UpstreamResponse) => void) {
    this.#request = request
    this.#finish = finish
    this.#body = new ResponseBody(memory)
    this.#timer = setTimeout(() => this.fail(new UpstreamError('DEADLINE_PASSED')), request.deadlineMs)
  }

  /** Ends a request that need not be sent any more; false when it still has to be. */
  failIfNotNeeded(): boolean {
    const reason = this.#reasonNotToSend()
    if (reason) this.fail(reason)
    return reason !== null
  }

  /** Hands the request to a connection. */
  dispatch(connection: Connection): void {
    const { method, path, headers, body } = this.#request
    this.connection = connection
    this.#handedOverAt = performance.now()
    connection.dispatch({ method, path, headers, body }, this)
  }

  /** undici calls this when a connection is about to take the request: the last moment at which nothing is sent. */
  onRequestStart(controller: Controller): void {
    const reason = this.#finished ? new UpstreamError('DEADLINE_PASSED') : this.#reasonNotToSend()
    if (reason) return void controller.abort(reason)
    this.#sent = true
    this.connection?.filter.expectAnswer()
  }

  #reasonNotToSend(): UpstreamError | null {
    if (this.#request.abandoned()) return new UpstreamError('CALL_ABANDONED')
    const wait = this.#request.waitSeconds()
    return wait > 0 ? new UpstreamError('KEY_REFUSED', undefined, wait) : null
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = answerHeaders(headers)
    this.#searchKeys(headers)
    if (!this.#isClearlyFramed(headers))
      controller.abort(new UpstreamError('ANSWER_NOT_HTTP', 'an answer with an unclear end'))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#body.append(chunk)) controller.abort(new UpstreamError('ANSWERS_TOO_LARGE'))
  }

  onResponseEnd(_controller: Controller, trailers: Headers): void {
    assert(this.#status !== undefined && this.#headers, 'an answer has a head')
    this.connection?.filter.expectNothing()
    this.#searchKeys(trailers)
    const [status, headers, body] = [this.#status, this.#headers, this.#body.bytes().toString('utf8')]
    const answer = { kind: 'answer', status, headers, body, ...this.#measured() } as const
    this.proven = !this.#finished && this.#request.isProven(answer)
    this.#end(answer)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.fail(error)
  }

  /** undici's parser reads any coding as one that ends with the connection, and any list that ends in `chunked` as chunks. */
  #isClearlyFramed(headers: Headers): boolean {
    const coding = headers['transfer-encoding']
    if (coding === undefined) return true
    return (
      typeof coding === 'string' && coding.toLowerCase() === 'chunked' && !this.connection?.filter.isHttp10
    )
  }

  #searchKeys(headers: Headers): void {
    const fields = Object.entries(headers)
    if (fields.length > 0)
      this.#leaksKey ||= this.#request.containsKey(Buffer.from(fields.join('\n'), 'utf8'))
  }

  /** Ends the request now. Its connection is closed, whatever it carries. */
  fail(error: unknown): void {
    if (this.#finished) return
    const status = this.#status === undefined ? {} : { status: this.#status }
    this.#end({ kind: 'failure', error, sent: this.#sent, ...status, ...this.#measured() })
  }

  #measured(): { leaksKey: boolean; upstreamMs: number } {
    const leaksKey = this.#leaksKey || this.#request.containsKey(this.#body.bytes())
    // 0 when no connection was free before its end.
    const upstreamMs = this.#handedOverAt === undefined ? 0 : performance.now() - this.#handedOverAt
    return { leaksKey, upstreamMs }
  }

  #end(response: UpstreamResponse): void {
    if (this.#finished) return
    this.#finished = true
    clearTimeout(this.#timer)
    this.#body.release()
    this.#finish(response)
  }
}
