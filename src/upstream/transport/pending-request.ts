import assert from 'node:assert/strict'
import type { Capacity } from './capacity.ts'
import type { Connection } from './connection.ts'
import { type AnswerHeaders, answerHeaders } from './headers.ts'
import type { UpstreamRequest, UpstreamResponse } from './response.ts'
import { ResponseBody } from './response-body.ts'
import { UpstreamError } from './upstream-error.ts'

/** The part of undici's handler interface that is used. Raw fields are names and values in turn, as they came. */
type Controller = {
  abort(reason: Error): void
  readonly rawHeaders?: unknown
  readonly rawTrailers?: unknown
}
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A pending request, whatever its result is. */
export type AnyPendingRequest = Pick<PendingRequest<unknown>, keyof PendingRequest<unknown>>

/** Learns that a request has ended before its result is given. */
type Owner = { onFinished(pending: AnyPendingRequest): void }

/** One request until its response: a handler of undici, which costs less than a stream and shows when sending begins. */
export class PendingRequest<Result> {
  /** In monotonic milliseconds. */
  readonly deadlineAt: number
  /** The connection that it was handed to. */
  connection: Connection | undefined
  /** Whether the answer has proven to be the one to this request. */
  proven = false
  readonly #request: UpstreamRequest<Result>
  readonly #owner: Owner
  readonly #resolve: (result: Result) => void
  readonly #body: ResponseBody
  #handedOverAt: number | undefined
  #sent = false
  #finished = false
  #status: number | undefined
  #headers: AnswerHeaders | undefined
  #leaksKey = false

  /** `memory` is what all responses under way may take together. */
  constructor(
    request: UpstreamRequest<Result>,
    memory: Capacity,
    owner: Owner,
    resolve: (result: Result) => void
  ) {
    this.deadlineAt = request.deadlineAt
    this.#request = request
    this.#body = new ResponseBody(memory)
    this.#owner = owner
    this.#resolve = resolve
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
    this.#searchKeys(controller.rawHeaders)
    if (!this.#isClearlyFramed(headers['transfer-encoding']))
      controller.abort(new UpstreamError('ANSWER_NOT_HTTP', 'an answer with an unclear end'))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#body.append(chunk)) controller.abort(new UpstreamError('ANSWERS_TOO_LARGE'))
  }

  onResponseEnd(controller: Controller): void {
    const status = this.#status
    const headers = this.#headers
    assert(status !== undefined && headers, 'an answer has a head')
    this.connection?.filter.expectNothing()
    this.#searchKeys(controller.rawTrailers)
    if (this.#finished) return
    const bytes = this.#body.bytes()
    this.#leaksKey ||= this.#request.containsKey(bytes)
    const result = this.#request.classify({
      kind: 'answer',
      status,
      headers,
      body: bytes.toString('utf8'),
      leaksKey: this.#leaksKey,
      upstreamMs: this.#upstreamMs()
    })
    this.proven = this.#request.isProven(result)
    this.#end(result)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.fail(error)
  }

  /** undici's parser reads any coding as one that ends with the connection, and any list that ends in `chunked` as chunks. */
  #isClearlyFramed(coding: Headers[string]): boolean {
    if (coding === undefined) return true
    return (
      typeof coding === 'string' && coding.toLowerCase() === 'chunked' && !this.connection?.filter.isHttp10
    )
  }

  /** Field by field: a key is not spread over several. */
  #searchKeys(fields: unknown): void {
    assert(Array.isArray(fields), 'undici gives the fields as they came')
    for (const field of fields as readonly unknown[]) {
      assert(Buffer.isBuffer(field))
      this.#leaksKey ||= this.#request.containsKey(field)
    }
  }

  /** Ends the request now. Its connection is closed, whatever it carries. */
  fail(error: unknown): void {
    if (this.#finished) return
    const response: UpstreamResponse = {
      kind: 'failure',
      error,
      sent: this.#sent,
      ...(this.#status !== undefined && { status: this.#status }),
      leaksKey: this.#leaksKey || this.#request.containsKey(this.#body.bytes()),
      upstreamMs: this.#upstreamMs()
    }
    this.#end(this.#request.classify(response))
  }

  expire(): void {
    this.fail(new UpstreamError('DEADLINE_PASSED'))
  }

  /** 0 when no connection was free before its end. */
  #upstreamMs(): number {
    return this.#handedOverAt === undefined ? 0 : performance.now() - this.#handedOverAt
  }

  #end(result: Result): void {
    this.#finished = true
    this.#body.release()
    this.#owner.onFinished(this)
    this.#resolve(result)
  }
}
