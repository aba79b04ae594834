import { connect } from 'node:net'
import { connectorId, requestBody, syncPath } from '../fixture.ts'

/** Where the load goes, and the header line that lets it in. */
export interface Target {
  readonly port: number
  readonly credential: string
}

/** What went wrong in a phase. A phase with any fault is no measurement. */
export interface Faults {
  count: number
  /** The first one, for the report. */
  first: string | null
}

/** A kept-alive connection with at most one request under way. */
export interface Connection {
  /** Sends the same precomputed request again; `onAnswer` follows. */
  send(): void
  close(): void
}

export function noteFault(faults: Faults, what: string): void {
  faults.count++
  faults.first ??= what
}

function requestBytes(target: Target, id: string): Buffer {
  return Buffer.from(
    `POST ${syncPath(id)} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n${target.credential}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${requestBody.length}\r\n\r\n${requestBody}`,
    'latin1'
  )
}

/** The size of the answer that `text` begins with, or null while its length cannot be told. */
function answerSize(text: string): number | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))
  // All contenders pass on the upstream's length; one that does not would need a slower reader.
  return length === null ? Number.NaN : end + 4 + Number(length[1])
}

/** Opens connection number `index`. Every answer is checked: status 200, this connection's connector id. */
export function openConnection(
  target: Target,
  index: number,
  faults: Faults,
  onAnswer: (connection: Connection) => void
): Promise<Connection> {
  const id = connectorId(index)
  const bytes = requestBytes(target, id)
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  let pending = ''
  let isWaiting = false
  let isClosing = false

  function read(size: number, buffer: Uint8Array): boolean {
    pending += (buffer as Buffer).toString('latin1', 0, size)
    const whole = answerSize(pending)
    if (whole === null || pending.length < whole) return true
    const text = pending
    pending = ''
    const isGood = isWaiting && text.length === whole && text.startsWith('HTTP/1.1 200 ') && text.includes(id)
    if (!isGood) noteFault(faults, `connection ${index} received: ${text.slice(0, 600)}`)
    isWaiting = false
    onAnswer(connection)
    return true
  }

  const socket = connect({
    port: target.port,
    host: '127.0.0.1',
    noDelay: true,
    // One buffer for all reads of this connection: no allocation per answer.
    onread: { buffer: Buffer.allocUnsafe(16_384), callback: read }
  })
  const connection: Connection = {
    send() {
      isWaiting = true
      socket.write(bytes)
    },
    close() {
      isClosing = true
      socket.destroy()
    }
  }
  socket.on('connect', () => resolve(connection))
  socket.on('error', error => {
    noteFault(faults, `connection ${index}: ${error.message}`)
    reject(error)
  })
  socket.on('close', () => {
    if (!isClosing) noteFault(faults, `connection ${index} was closed by the server`)
  })
  return promise
}
