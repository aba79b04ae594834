import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { requestBytes } from '../http/request-bytes.ts'

/** Requests that are sent before their answers are awaited: enough to keep a gateway busy, few enough to wait for. */
const atOnce = 50

export type Flood = { readonly port: number; readonly requests: number } & Parameters<typeof requestBytes>[0]

/**
 * Sends the same request until it has been answered `requests` times, and counts the answers by their status. When the
 * gateway closes the connection after an answer, it does not look at what came behind, which is sent again on a new one.
 */
export async function flood({ port, requests, ...parts }: Flood): Promise<Map<number, number>> {
  const bytes = requestBytes(parts)
  const counts = new Map<number, number>()
  let socket: Socket | undefined
  for (let answered = 0; answered < requests; ) {
    if (!socket || socket.destroyed) socket = await connection(port)
    const count = Math.min(atOnce, requests - answered)
    socket.write(Buffer.concat(Array.from({ length: count }, () => bytes)))
    const got = await statuses(socket, count)
    for (const status of got) counts.set(status, (counts.get(status) ?? 0) + 1)
    answered += got.length
  }
  socket?.destroy()
  return counts
}

async function connection(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** The statuses of the next `count` answers; of fewer when the connection is closed before. */
async function statuses(socket: Socket, count: number): Promise<number[]> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let answers: string[] = []
  let text = ''
  const onData = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    answers = text.split(/(?=HTTP\/1\.1 [0-9]{3} )/)
    if (answers.length === count && isWhole(answers.at(-1) ?? '')) resolve()
  }
  socket.on('data', onData).once('close', resolve)
  await promise
  socket.off('data', onData).off('close', resolve)
  return answers.filter(isWhole).map(answer => Number(answer.slice(9, 12)))
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(answer)?.[1]
  return headEnd !== -1 && answer.length - headEnd - 4 === Number(length)
}
