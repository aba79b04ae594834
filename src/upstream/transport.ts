import { buildConnector, errors } from 'undici'
import { AnswerRoom } from './answer/body.ts'
import { Connection, maxAnswerBytes } from './connection.ts'
import type { UpstreamRequest, UpstreamResponse } from './response.ts'
import { Send } from './send.ts'

export type TransportOptions = {
  /** The one origin that requests can go to. */
  origin: string
  /** The longest deadline that a request will have, in milliseconds. */
  deadlineMs?: number
  connections?: number
  /** How many calls may be under way or waiting. */
  capacity?: number
  /** How much the answers under way may take together. */
  answerBytes?: number
  /** For how long a connection may take to be made, in milliseconds: name, TCP and TLS together. */
  connectMs?: number
}

/**
 * The connections to the upstream. Sends each request once: no redirect, no retry, no cache, no decompression.
 * Requests beyond the number of connections wait here: one that is given up while it waits costs no connection.
 * A connection is used again only after an answer that proved to be about its request, the last one used first.
 */
export class Transport {
  readonly #capacity: number
  readonly #connections: number
  readonly #room: AnswerRoom
  readonly #connect: () => Connection
  readonly #open: Set<Connection> = new Set()
  /** Those of the open ones that carry nothing, the last one used at the end. */
  readonly #idle: Connection[] = []
  /** Those that carried something until the present turn of the event loop. */
  readonly #resting: Connection[] = []
  readonly #waiting: Set<Send> = new Set()
  #claimed = 0
  #closed = false

  constructor({
    origin,
    deadlineMs = 30_000,
    connections = 64,
    capacity = 1024,
    answerBytes = 32 * maxAnswerBytes,
    connectMs = 3_000
  }: TransportOptions) {
    this.#capacity = capacity
    this.#connections = connections
    this.#room = new AnswerRoom(answerBytes)
    // One for all connections: they share the sessions of TLS.
    const connect = buildConnector({ allowH2: false, timeout: connectMs, rejectUnauthorized: true })
    // The rest of the deadline is for the body, and for the wait before.
    const headersTimeout = Math.max(20_000, deadlineMs - 10_000)
    const onClosed = (connection: Connection) => this.#forgetIdle(connection)
    this.#connect = () => new Connection(origin, { headersTimeout, connect, onClosed })
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
  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    return new Promise(resolve => {
      const send = new Send(request, this.#room, exchange => {
        this.#ended(send)
        resolve(exchange)
      })
      this.#waiting.add(send)
      if (this.#closed) send.fail(new errors.ClientDestroyedError())
      else this.#dispatchWaiting()
    })
  }

  /** Ends what is under way, and whatever is sent from now on. */
  async close(): Promise<void> {
    this.#closed = true
    for (const send of this.#waiting) send.fail(new errors.ClientDestroyedError())
    await Promise.all([...this.#open].map(connection => connection.destroy()))
  }

  /** The connection goes, or is kept, before the next request is dispatched. */
  #ended(send: Send): void {
    const { connection } = send
    if (!connection) {
      this.#waiting.delete(send)
      return
    }
    if (send.proven) this.#rest(connection)
    else {
      this.#close(connection)
      this.#dispatchWaiting()
    }
  }

  /**
   * Before a connection carries a request again the event loop polls: bytes that nobody asked for, or its end, may be
   * there already. undici waits for the end of the present turn; the answer may have come in that turn's poll. So a
   * connection rests until the turn is over. One of these waits serves all connections of a turn.
   */
  #rest(connection: Connection): void {
    if (this.#resting.push(connection) === 1) setImmediate(this.#endRest)
  }

  readonly #endRest = (): void => {
    for (const connection of this.#resting.splice(0)) this.#idle.push(connection)
    this.#dispatchWaiting()
  }

  #dispatchWaiting(): void {
    for (const send of this.#waiting) {
      if (send.isGivenUp()) continue
      const connection = this.#idle.pop() ?? this.#connectNew()
      if (!connection) return
      this.#waiting.delete(send)
      send.dispatch(connection)
    }
  }

  /** None while one rests that will do as well. */
  #connectNew(): Connection | undefined {
    if (this.#open.size >= this.#connections || this.#resting.length > 0) return undefined
    const connection = this.#connect()
    this.#open.add(connection)
    return connection
  }

  /** One that carries a request is left to its send. */
  #forgetIdle(connection: Connection): void {
    for (const idle of [this.#idle, this.#resting]) {
      const index = idle.indexOf(connection)
      if (index === -1) continue
      idle.splice(index, 1)
      this.#close(connection)
    }
  }

  #close(connection: Connection): void {
    this.#open.delete(connection)
    void connection.destroy()
  }
}
