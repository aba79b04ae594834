import { buildConnector, errors } from 'undici'
import { Capacity } from './capacity.ts'
import { Connection, maxAnswerBytes } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { type AnyPendingRequest, PendingRequest } from './pending-request.ts'
import type { UpstreamRequest } from './response.ts'

type TransportOptions = {
  /** The one origin that requests can go to. */
  origin: string
  /** The longest deadline that a request will have, in milliseconds. */
  deadlineMs?: number
  connections?: number
  /** How many calls may be under way or waiting. */
  capacity?: number
  /** How many bytes the answers under way may take together. */
  answerBytes?: number
  /** How long making a connection may take, in milliseconds: name, TCP and TLS together. */
  connectMs?: number
}

/**
 * The connections to the upstream. Sends each request once: no redirect, no retry, no cache, no decompression. Requests beyond
 * the number of connections wait here, and cost no connection when they are given up. A connection is used again only after
 * an answer that proved to be about its request, the last one used first.
 */
export class Transport {
  /** Room for calls: to be taken before anything is done for one, and given back after it. */
  readonly capacity: Capacity
  readonly #connections: number
  readonly #answerMemory: Capacity
  readonly #connect: () => Connection
  readonly #open: Set<Connection> = new Set()
  /** Open connections that carry nothing, the last one used at the end. */
  readonly #idle: Connection[] = []
  /** Those that carried something until the present turn of the event loop. */
  readonly #resting: Connection[] = []
  readonly #waiting: Set<AnyPendingRequest> = new Set()
  /** Of all requests that have not ended. */
  readonly #deadlines = new Deadlines()
  #closed = false

  constructor({
    origin,
    deadlineMs = 30_000,
    connections = 64,
    capacity = 1024,
    answerBytes = 32 * maxAnswerBytes,
    connectMs = 3_000
  }: TransportOptions) {
    this.capacity = new Capacity(capacity)
    this.#connections = connections
    this.#answerMemory = new Capacity(answerBytes)
    // One for all connections: they share the sessions of TLS.
    const connect = buildConnector({ allowH2: false, timeout: connectMs, rejectUnauthorized: true })
    // The rest of the deadline is for the body, and for the wait before.
    const headersTimeout = Math.max(20_000, deadlineMs - 10_000)
    const onClosed = (connection: Connection) => this.#onClosed(connection)
    this.#connect = () => new Connection(origin, { headersTimeout, connect, onClosed })
  }

  /** Resolves to what the request makes of its response. Never rejects: what went wrong is in the response. */
  send<Result>(request: UpstreamRequest<Result>): Promise<Result> {
    return new Promise(resolve => {
      const pending = new PendingRequest(request, this.#answerMemory, this, resolve)
      this.#deadlines.add(pending)
      this.#waiting.add(pending)
      if (this.#closed) pending.fail(new errors.ClientDestroyedError())
      else this.#dispatchWaiting()
    })
  }

  /** Ends what is under way, and whatever is sent from now on. */
  async close(): Promise<void> {
    this.#closed = true
    for (const pending of this.#waiting) pending.fail(new errors.ClientDestroyedError())
    await Promise.all([...this.#open].map(connection => connection.destroy()))
    this.#deadlines.stop()
  }

  /** Closes or keeps the connection before the next request is dispatched. */
  onFinished(pending: AnyPendingRequest): void {
    const { connection, proven } = pending
    this.#deadlines.delete(pending)
    if (!connection) this.#waiting.delete(pending)
    else if (proven) this.#rest(connection)
    else {
      this.#close(connection)
      this.#dispatchWaiting()
    }
  }

  /**
   * Before a connection carries a request again the event loop polls, as unsolicited bytes or the connection's end may be there
   * already. undici waits for the end of the present turn only; the answer may have come in that turn's poll. One such wait
   * serves all connections of a turn.
   */
  #rest(connection: Connection): void {
    if (this.#resting.push(connection) === 1) setImmediate(this.#endRest)
  }

  readonly #endRest = (): void => {
    this.#idle.push(...this.#resting.splice(0))
    this.#dispatchWaiting()
  }

  #dispatchWaiting(): void {
    for (const pending of this.#waiting) {
      if (pending.failIfNotNeeded()) continue
      const connection = this.#idle.pop() ?? this.#connectNew()
      if (!connection) return
      this.#waiting.delete(pending)
      pending.dispatch(connection)
    }
  }

  /** None while one rests, which will do as well. */
  #connectNew(): Connection | undefined {
    if (this.#open.size >= this.#connections || this.#resting.length > 0) return undefined
    const connection = this.#connect()
    this.#open.add(connection)
    return connection
  }

  /** Forgets a connection that carries nothing. One that carries a request is closed when that finishes. */
  #onClosed(connection: Connection): void {
    for (const unused of [this.#idle, this.#resting]) {
      const index = unused.indexOf(connection)
      if (index === -1) continue
      unused.splice(index, 1)
      this.#close(connection)
    }
  }

  #close(connection: Connection): void {
    this.#open.delete(connection)
    void connection.destroy()
  }
}
