import { once } from 'node:events'
import { connect } from 'node:net'

/** One connection on which a test writes bytes and sees bytes. */
export type RawClient = {
  write(text: string): void
  /** Everything received so far, as latin1. */
  readonly received: string
  /** Resolves as soon as what was received satisfies the test; at the end of the connection at the latest. */
  until(satisfied: (received: string) => boolean): Promise<string>
  /** How the connection ended: 'finish' for an orderly end, 'reset' for an RST. */
  readonly ended: Promise<'finish' | 'reset'>
  /** Ends the writing half in order. */
  finish(): void
  close(): void
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  const changed = new Set<() => void>()
  const ended = new Promise<'finish' | 'reset'>(resolve => {
    let how: 'finish' | 'reset' = 'finish'
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') how = 'reset'
    })
    socket.on('close', () => {
      resolve(how)
      for (const call of changed) call()
    })
  })
  socket.on('data', bytes => {
    received += bytes.toString('latin1')
    for (const call of changed) call()
  })
  // `ended` reports a connection that is refused or reset at once.
  await once(socket, 'connect').catch(() => {})
  return {
    write: text => void socket.write(text, 'latin1'),
    get received() {
      return received
    },
    until(satisfied) {
      return new Promise(resolve => {
        const look = () => {
          if (!satisfied(received) && !socket.destroyed) return
          changed.delete(look)
          resolve(received)
        }
        changed.add(look)
        look()
      })
    },
    ended,
    finish: () => void socket.end(),
    close: () => void socket.destroy()
  }
}

/** A sync request as bytes. */
export function syncRequest(key: string, connectorId: string, body = '{}'): string {
  return [
    `POST /contents/v1/connectors/${connectorId}/sync HTTP/1.1`,
    'Host: sandbox',
    `X-API-KEY: ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body
  ].join('\r\n')
}

/** Whether a whole answer with Content-Length is there. */
export function isWhole(received: string): boolean {
  const [head = '', ...rest] = received.split('\r\n\r\n')
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
  return length !== undefined && rest.join('\r\n\r\n').length >= Number(length)
}
