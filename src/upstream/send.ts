import assert from 'node:assert/strict'
import { AnswerBody, type AnswerRoom } from './answer/body.ts'
import type { Connection } from './connection.ts'
import { type AnswerHeaders, answerHeaders } from './headers.ts'
import {
  AnswerNotHttp,
  AnswersTooLarge,
  CallAbandoned,
  DeadlinePassed,
  KeyRefused,
  type UpstreamRequest,
  type UpstreamResponse
} from './response.ts'

/** What undici gives to its handlers, as far as it is used. */
type Controller = { abort(reason: Error): void }
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** One request and its answer. A handler of undici, not a stream: it costs less and shows exactly when sending begins. */
export class Send {
  readonly #request: UpstreamRequest
  readonly #finish: (exchange: UpstreamResponse) => void
  readonly #timer: NodeJS.Timeout
  readonly #body: AnswerBody
  #connection: Connection | undefined
  #handedOverAt: number | undefined
  #sent = false
  #finished = false
  #proven = false
  #status: number | undefined
  #headers: AnswerHeaders | undefined
  #reveals = false

  constructor(request: UpstreamRequest, room: AnswerRoom, finish: (exchange: UpstreamResponse) => void) {
    this.#request = request
    this.#finish = finish
    this.#body = new AnswerBody(room)
    this.#timer = setTimeout(() => this.fail(new DeadlinePassed()), request.deadlineMs)
  }

  /** The connection that it was handed to. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Whether the answer has proven to be the one to this request. */
  get proven(): boolean {
    return this.#proven
  }

  /** Ends a send that need not be made any more; false when it is to be made. */
  isGivenUp(): boolean {
    const reason = this.#reasonNotToSend()
    if (reason) this.fail(reason)
    return reason !== null
  }

  /** Hands the request to a connection. */
  dispatch(connection: Connection): void {
    const { method, path, headers, body } = this.#request
    this.#connection = connection
    this.#handedOverAt = performance.now()
    connection.dispatch({ method, path, headers, body }, this)
  }

  /** undici calls this when a connection is about to take the request: the last moment at which nothing is sent. */
  onRequestStart(controller: Controller): void {
    const reason = this.#finished ? new DeadlinePassed() : this.#reasonNotToSend()
    if (reason) controller.abort(reason)
    else {
      this.#sent = true
      this.#connection?.heads.expectAnswer()
    }
  }

  #reasonNotToSend(): Error | null {
    if (this.#request.abandoned()) return new CallAbandoned()
    const wait = this.#request.waitSeconds()
    return wait > 0 ? new KeyRefused(wait) : null
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    this.#status = status
    this.#headers = answerHeaders(headers)
    this.#lookInto(headers)
    if (!this.#isFramedClearly(headers)) controller.abort(new AnswerNotHttp('an answer with an unclear end'))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#body.append(chunk)) controller.abort(new AnswersTooLarge())
  }

  onResponseEnd(_controller: Controller, trailers: Headers): void {
    assert(this.#status !== undefined && this.#headers, 'an answer has a head')
    this.#connection?.heads.expectNothing()
    this.#lookInto(trailers)
    const bytes = this.#body.bytes()
    const reveals = this.#reveals || this.#request.reveals(bytes)
    const [status, headers] = [this.#status, this.#headers]
    const body = bytes.toString('utf8')
    const answer = { kind: 'answer', status, headers, body, reveals, upstreamMs: this.#upstreamMs() } as const
    this.#proven = !this.#finished && this.#request.proves(answer)
    this.#end(answer)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.fail(error)
  }

  /** The parser takes any coding for one that ends with the connection, and any list that ends in `chunked` for chunks. */
  #isFramedClearly(headers: Headers): boolean {
    const coding = headers['transfer-encoding']
    if (coding === undefined) return true
    return typeof coding === 'string' && coding.toLowerCase() === 'chunked' && !this.#connection?.heads.isOld
  }

  #lookInto(headers: Headers): void {
    const fields = Object.entries(headers)
    if (fields.length > 0) this.#reveals ||= this.#request.reveals(Buffer.from(fields.join('\n'), 'utf8'))
  }

  /** Ends the exchange now. The connection goes with it, whatever it carries. */
  fail(error: unknown): void {
    if (this.#finished) return
    const status = this.#status === undefined ? {} : { status: this.#status }
    const reveals = this.#reveals || this.#request.reveals(this.#body.bytes())
    const upstreamMs = this.#upstreamMs()
    this.#end({ kind: 'failure', error, sent: this.#sent, ...status, reveals, upstreamMs })
  }

  /** 0 when no connection was free for it until it was given up. */
  #upstreamMs(): number {
    return this.#handedOverAt === undefined ? 0 : performance.now() - this.#handedOverAt
  }

  #end(exchange: UpstreamResponse): void {
    if (this.#finished) return
    this.#finished = true
    clearTimeout(this.#timer)
    this.#body.release()
    this.#finish(exchange)
  }
}
