import { connect, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { connect as connectTls } from 'node:tls'

/** What strangers do: so many connections, with the same bytes on each. */
export type Flooding = {
  readonly port: number
  readonly connections: number
  /** What each connection sends, as latin1; nothing when empty. */
  readonly bytes: string
  /** Whether it is sent again whenever it has left. */
  readonly endless?: boolean
  /** Whether anybody reads what comes back. */
  readonly reads?: boolean
  /** From how many addresses of this machine they come; one unless given. */
  readonly addresses?: number
  /** Whether the connections begin with a TLS handshake. */
  readonly tls?: boolean
}

/** How many connections may be on their way at once: more are refused by the operating system, not by the gateway. */
const opening = 64
/** How long until a connection that was ended is made again. */
const againMs = 2_000

// Strangers have machines of their own: what they do there takes nothing from the gateway.
setPriority(10)
process.once('disconnect', () => process.exit())
process.once('message', flooding => begin(flooding as Flooding))

function begin(flooding: Flooding): void {
  let left = flooding.connections
  const openNext = () => {
    if (left-- > 0) open(flooding, openNext)
  }
  for (let index = 0; index < opening; index++) openNext()
  process.send?.('begun')
}

let opened = 0

/** Makes one connection, and again whenever it ends. */
function open(flooding: Flooding, onOpen: () => void): void {
  const { port, tls, reads, endless, addresses = 1 } = flooding
  const bytes = Buffer.from(flooding.bytes, 'latin1')
  const from = addresses === 1 ? '127.0.0.1' : `127.0.1.${1 + (opened++ % addresses)}`
  const to = { port, host: '127.0.0.1', localAddress: from }
  const socket: Socket = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to)
  socket.on('error', () => {})
  const send = () => {
    if (bytes.length > 0) socket.write(bytes, () => endless && setImmediate(send))
  }
  socket.once(tls ? 'secureConnect' : 'connect', () => {
    onOpen()
    if (reads) socket.resume()
    else socket.pause()
    send()
  })
  // What does not read does not see its end either, but by what it writes.
  socket.once('close', () => setTimeout(open, againMs, flooding, () => {}))
}
