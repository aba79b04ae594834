import type { Socket } from 'node:net'
import { type buildConnector, Client, type Dispatcher } from 'undici'
import { HeadFilter } from './head-filter.ts'
import { UpstreamError } from './upstream-error.ts'

/** How many bytes one answer may have. */
export const maxAnswerBytes = 1024 * 1024

type ConnectionOptions = {
  headersTimeout: number
  /** Makes sockets. */
  connect: buildConnector.connector
  /** Called when the upstream, or a timeout, has ended the connection. */
  onClosed: (connection: Connection) => void
}

/**
 * One connection to the upstream, which carries one request at a time: a client of undici with one socket and a HeadFilter
 * before its parser. undici's pool would choose connections by itself, and keep them whatever their answers were.
 */
export class Connection {
  /** What the next answer may look like, and what the head of the last one says. */
  filter = new HeadFilter()
  readonly #client: Client

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
          else afterNextPoll(() => this.#accept(socket, callback))
        })
    })
    this.#client.on('disconnect', () => onClosed(this))
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** Closes it at once, with whatever is under way on it. */
  async destroy(): Promise<void> {
    await this.#client.destroy()
  }

  /** Refuses a socket on which bytes, or the end, came before anything was asked. */
  #accept(socket: Socket, callback: buildConnector.Callback): void {
    const ended = socket.destroyed || socket.readableEnded
    if (ended || socket.readableLength > 0) {
      socket.destroy()
      const error = ended
        ? new UpstreamError('CONNECTION_ENDED')
        : new UpstreamError('ANSWER_NOT_HTTP', 'an answer before the request')
      return void callback(error, null)
    }
    this.filter = new HeadFilter()
    readThrough(socket, this.filter)
    callback(null, socket)
  }
}

/** Calls back after the event loop has polled again and read what the kernel holds. The first turn may be the present one. */
function afterNextPoll(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

/**
 * Makes the reader of a socket get what the filter passes, and ends the socket with what the filter throws. undici takes
 * bytes by `read()` alone; a stream of our own between the two would cost each call several times as much.
 */
function readThrough(socket: Socket, filter: HeadFilter): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number) => {
    // Node's own call: it asks for more to be read, not for bytes.
    if (size !== undefined) return read(size)
    for (;;) {
      const chunk: Buffer | null = read()
      if (chunk === null) return null
      try {
        const passed = filter.pass(chunk)
        if (passed) return passed
      } catch (error) {
        socket.destroy(error as Error)
        return null
      }
    }
  }
}
