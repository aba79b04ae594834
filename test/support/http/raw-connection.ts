import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import { type HttpAnswer, readAnswers } from './http-answer.ts'

/** A connection on which a test writes bytes and reads answers. */
export type RawConnection = {
  write(bytes: string | Buffer): void
  /** The first `count` answers; fewer when the connection ends before. */
  answers(count: number): Promise<HttpAnswer[]>
  /** Resolves at the end of the connection with all its answers. Throws when other bytes came too. */
  readonly ended: Promise<HttpAnswer[]>
  /** Ends the writing half in order. */
  finish(): void
  /** Cuts the connection with an RST. */
  reset(): void
  close(): void
}

export type ConnectionOptions = {
  /** The address that the gateway sees: any of 127.0.0.0/8. */
  readonly from?: string
  /** The answers have no body: the requests are HEAD. */
  readonly bodiless?: boolean
  /** Speaks TLS, with these options. */
  readonly tls?: TlsOptions
}

/** Opens a connection to a port of this machine. */
export async function rawConnection(
  port: number,
  { from = '127.0.0.1', bodiless = false, tls }: ConnectionOptions = {}
): Promise<RawConnection> {
  const to = { port, host: '127.0.0.1', localAddress: from, noDelay: true }
  const socket = tls ? connectTls({ ...to, ...tls }) : connect(to)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  // A reset by the gateway is an end like any other: what came before it is what counts.
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  await once(socket, tls ? 'secureConnect' : 'connect')
  const read = () => readAnswers(Buffer.concat(chunks), bodiless)
  return {
    write: bytes => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    async answers(count) {
      while (read().answers.length < count && !socket.destroyed)
        await Promise.race([new Promise(resolve => socket.once('data', resolve)), closed])
      return read().answers
    },
    ended: closed.then(() => {
      const { answers, rest } = read()
      if (rest.length > 0) throw new Error(`bytes that are no answer: ${JSON.stringify(rest.toString())}`)
      return answers
    }),
    finish: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    close: () => void socket.destroy()
  }
}

/** Sends bytes on a connection of their own and returns every answer until `count` came or the connection ended. */
export async function rawRequest(
  port: number,
  bytes: string | Buffer,
  { count = 1, ...options }: ConnectionOptions & { readonly count?: number } = {}
): Promise<HttpAnswer[]> {
  const connection = await rawConnection(port, options)
  connection.ended.catch(() => {})
  try {
    connection.write(bytes)
    return await connection.answers(count)
  } finally {
    connection.close()
  }
}
