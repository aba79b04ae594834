import assert from 'node:assert/strict'
import { type Dispatcher, Pool } from 'undici'
import { AnswerBody, AnswerRoom } from './answer-body.ts'
import { type AnswerHeaders, answerHeaders } from './headers.ts'

export type TransportOptions = {
  /** The one origin that requests can go to. */
  origin: string
  /** The longest deadline that a request will have, in milliseconds. */
  deadlineMs?: number
  connections?: number
  /** How many calls may be under way or waiting; the pool itself would queue without end. */
  capacity?: number
  /** How much the answers under way may take together. */
  answerBytes?: number
}

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
}

/**
 * What came of one send. `sent` is false only when it is certain that not one byte of the request was written; `reveals`
 * is true when what came back, whole or not, holds one of our keys.
 */
export type Exchange =
  | { kind: 'answer'; status: number; headers: AnswerHeaders; body: string; reveals: boolean }
  | { kind: 'failure'; error: unknown; sent: boolean; status?: number; reveals: boolean }

/** The deadline passed. */
class DeadlinePassed extends Error {
  readonly code = 'DEADLINE_PASSED'
}

/** The caller left before anything was sent. */
class CallAbandoned extends Error {
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

/** This answer and the others under way need more memory than answers may have. */
class AnswersTooLarge extends Error {
  readonly code = 'ANSWERS_TOO_LARGE'
}

const maxAnswerBytes = 1024 * 1024

/**
 * The connections to the upstream. Sends each request once: no redirect, no retry, no cache, no decompression.
 * Requests beyond the number of connections wait here and not in the pool, whose queue has no bound and no exit:
 * one that is given up while it waits then costs no connection.
 */
export class Transport {
  readonly #pool: Pool
  readonly #connections: number
  readonly #capacity: number
  readonly #room: AnswerRoom
  readonly #waiting: Set<Send> = new Set()
  #dispatched = 0
  #claimed = 0

  constructor({
    origin,
    deadlineMs = 30_000,
    connections = 64,
    capacity = 1024,
    answerBytes = 32 * maxAnswerBytes
  }: TransportOptions) {
    this.#room = new AnswerRoom(answerBytes)
    this.#connections = connections
    this.#capacity = capacity
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      // The rest of the deadline is for the body, and for the wait before.
      headersTimeout: Math.max(20_000, deadlineMs - 10_000),
      bodyTimeout: 10_000,
      keepAliveMaxTimeout: 25_000,
      maxResponseSize: maxAnswerBytes,
      maxHeaderSize: 16_384,
      connect: { timeout: 3_000, rejectUnauthorized: true }
    })
  }

  /** Claims room for one call, before anything is done for it; false when there is none. Give it back by `release`. */
  claim(): boolean {
    if (this.#claimed >= this.#capacity) return false
    this.#claimed++
    return true
  }

  release(): void {
    this.#claimed--
  }

  /** Never rejects: what went wrong is in the Exchange. */
  send(request: UpstreamRequest): Promise<Exchange> {
    return new Promise(resolve => {
      const send = new Send(request, this.#room, exchange => {
        if (!this.#waiting.delete(send)) this.#dispatched--
        resolve(exchange)
        this.#dispatchNext()
      })
      this.#waiting.add(send)
      this.#dispatchNext()
    })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #dispatchNext(): void {
    if (this.#dispatched >= this.#connections) return
    const next = this.#waiting.values().next().value
    if (!next) return
    this.#waiting.delete(next)
    this.#dispatched++
    next.dispatch(this.#pool)
  }
}

/** One request and its answer. A handler, not a stream: it costs less and shows exactly when sending begins. */
class Send implements Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest
  readonly #finish: (exchange: Exchange) => void
  readonly #timer: NodeJS.Timeout
  readonly #body: AnswerBody
  #controller: Dispatcher.DispatchController | null = null
  #sent = false
  #finished = false
  #status: number | undefined
  #headers: AnswerHeaders | undefined
  #reveals = false

  constructor(request: UpstreamRequest, room: AnswerRoom, finish: (exchange: Exchange) => void) {
    this.#body = new AnswerBody(room)
    this.#request = request
    this.#finish = finish
    this.#timer = setTimeout(() => this.#stop(new DeadlinePassed()), request.deadlineMs)
  }

  /** Hands the request to the pool, unless nobody waits for it any more. */
  dispatch(pool: Pool): void {
    const { method, path, headers, body } = this.#request
    const reason = this.#reasonNotToSend()
    if (reason) this.#fail(reason)
    else pool.dispatch({ method, path, headers, body }, this)
  }

  /** undici calls this when a connection is about to take the request: the last moment at which nothing is sent. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const reason = this.#finished ? new DeadlinePassed() : this.#reasonNotToSend()
    if (reason) controller.abort(reason)
    else this.#sent = true
  }

  #reasonNotToSend(): Error | null {
    if (this.#request.abandoned()) return new CallAbandoned()
    const wait = this.#request.waitSeconds()
    return wait > 0 ? new KeyRefused(wait) : null
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // 1xx answers come before the real one.
    if (status < 200) return
    this.#status = status
    this.#headers = answerHeaders(headers)
    this.#lookInto(headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#body.append(chunk)) controller.abort(new AnswersTooLarge())
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: Headers): void {
    assert(this.#status !== undefined && this.#headers, 'an answer has a head')
    const body = this.#body.bytes()
    this.#lookInto(trailers)
    const reveals = this.#reveals || this.#request.reveals(body)
    const [status, headers] = [this.#status, this.#headers]
    this.#end({ kind: 'answer', status, headers, body: body.toString('utf8'), reveals })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  #lookInto(headers: Headers): void {
    this.#reveals ||= this.#request.reveals(Buffer.from(Object.entries(headers).join('\n'), 'utf8'))
  }

  /** Ends the exchange now. A request that still waits for a connection is aborted when it gets one. */
  #stop(error: Error): void {
    const controller = this.#controller
    this.#fail(error)
    controller?.abort(error)
  }

  #fail(error: unknown): void {
    const status = this.#status === undefined ? {} : { status: this.#status }
    const reveals = this.#reveals || this.#request.reveals(this.#body.bytes())
    this.#end({ kind: 'failure', error, sent: this.#sent, ...status, reveals })
  }

  #end(exchange: Exchange): void {
    if (this.#finished) return
    this.#finished = true
    clearTimeout(this.#timer)
    this.#body.release()
    this.#finish(exchange)
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>
