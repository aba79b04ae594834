import type { Socket } from 'node:net'
import { type buildConnector, Client, type Dispatcher } from 'undici'
import { AnswerHeads } from './answer/heads.ts'
import { afterNextPoll, readThrough } from './answer/socket.ts'
import { AnswerNotHttp, ConnectionEnded } from './response.ts'

/** How much one answer may take. */
export const maxAnswerBytes = 1024 * 1024

type ConnectionOptions = {
  headersTimeout: number
  /** Makes sockets. */
  connect: buildConnector.connector
  /** Called when the upstream, or the time, has ended the connection. */
  onClosed: (connection: Connection) => void
}

/**
 * One connection to the upstream, which carries one request at a time: a client of undici with one socket, before whose
 * parser an AnswerHeads stands. undici's pool chooses among its connections by itself, and keeps them whatever their
 * answers were.
 */
export class Connection {
  readonly #client: Client
  #heads = new AnswerHeads()

  constructor(origin: string, { headersTimeout, connect, onClosed }: ConnectionOptions) {
    this.#client = new Client(origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout,
      bodyTimeout: 10_000,
      keepAliveMaxTimeout: 25_000,
      maxResponseSize: maxAnswerBytes,
      maxHeaderSize: 16_384,
      connect: (options, callback) =>
        connect(options, (error, socket) => {
          if (error) callback(error, null)
          else afterNextPoll(() => this.#takeUp(socket, callback))
        })
    })
    this.#client.on('disconnect', () => onClosed(this))
  }

  /** What the next answer may look like, and what the head of the last one says. */
  get heads(): AnswerHeads {
    return this.#heads
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** Closes it at once, with whatever is under way on it. */
  async destroy(): Promise<void> {
    await this.#client.destroy()
  }

  /** A socket on which something came, or the end, before anything was asked is not taken. */
  #takeUp(socket: Socket, callback: buildConnector.Callback): void {
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy()
      callback(new ConnectionEnded(), null)
      return
    }
    if (socket.readableLength > 0) {
      socket.destroy()
      callback(new AnswerNotHttp('an answer before the request'), null)
      return
    }
    this.#heads = new AnswerHeads()
    readThrough(socket, this.#heads)
    callback(null, socket)
  }
}
