import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A request as it came, on which connection: counted from 1, in the order of acceptance. */
export type RawUpstreamRequest = {
  readonly connection: number
  readonly number: number
  readonly text: string
}

/** An upstream that a test writes byte by byte. */
export type RawUpstream = {
  readonly origin: string
  readonly requests: readonly RawUpstreamRequest[]
  /** How many connections were accepted so far. */
  connections(): number
  /** How many of them are still open. */
  open(): number
  close(): Promise<void>
}

export type RawUpstreamScript = {
  /** Called for each whole request. */
  request(request: RawUpstreamRequest, socket: Socket): void
  /** Called for each connection, before anything came on it. */
  connection?(number: number, socket: Socket): void
}

/** Starts one on a port of its own; close it. */
export async function rawUpstream(script: RawUpstreamScript): Promise<RawUpstream> {
  const requests: RawUpstreamRequest[] = []
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer(socket => {
    const connection = ++accepted
    let received = ''
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    // A connection that the gateway cuts is what many of these tests are about.
    socket.on('error', () => {})
    script.connection?.(connection, socket)
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      for (let end = endOfRequest(received); end > 0; end = endOfRequest(received)) {
        const request = { connection, number: requests.length + 1, text: received.slice(0, end) }
        received = received.slice(end)
        requests.push(request)
        script.request(request, socket)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => accepted,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

/** Where the first whole request ends, or 0. */
function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return 0
  const length = Number(/\r\ncontent-length: ([0-9]+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0)
  const end = headEnd + 4 + length
  return text.length >= end ? end : 0
}

/** A whole answer with a Content-Length. */
export function rawAnswer(status: string, body: unknown, headers: readonly string[] = []): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const length = `content-length: ${Buffer.byteLength(text)}`
  return [status, 'content-type: application/json', length, ...headers, '', text].join('\r\n')
}

/** What the upstream answers to a sync that it queued. */
export function acceptedAnswer(connectorId: string, state = 'accepted'): string {
  return rawAnswer('HTTP/1.1 200 OK', { connector_id: connectorId, status: state })
}

/** The connector that a request is about. */
export function connectorOf({ text }: RawUpstreamRequest): string {
  return /\/connectors\/([^/ ]+)/.exec(text)?.[1] ?? ''
}
