import { connect } from 'node:net'
import { connectorId, type RequestName, requestKinds } from '../fixture.ts'

/** Where the load goes, and how it gets in. */
export interface Target {
  readonly port: number
  /** Header lines. */
  readonly credential: string
  /** Stands before the path of every request. */
  readonly prefix?: string | undefined
  /** What is asked for: a sync when absent. */
  readonly request?: RequestName
  /** Whether each request comes from another address (`X-Forwarded-For`): one alone may fail only so often. */
  readonly fromManyAddresses?: boolean
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
  const { method, path, body } = requestKinds[target.request ?? 'sync']
  const lines = [
    `${method} ${target.prefix ?? ''}${path.replace('{id}', id)} HTTP/1.1`,
    `Host: 127.0.0.1:${target.port}`,
    target.credential,
    ...(target.fromManyAddresses ? [`X-Forwarded-For: ${firstAddress}`] : []),
    ...(body === null ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`])
  ]
  return Buffer.from(`${lines.filter(Boolean).join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1')
}

const firstAddress = '10.1.100.100'
let addresses = 0

/** Gives the request the next of some 10,000 addresses, all of one length. */
function changeAddress(bytes: Buffer, at: number): void {
  const next = addresses++ % 10_000
  bytes.write(`${100 + Math.floor(next / 100)}.${100 + (next % 100)}`, at + '10.1.'.length, 'latin1')
}

/** The size of the answer that `text` begins with, or null while its length cannot be told. */
function answerSize(text: string): number | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))
  // All contenders pass on the upstream's length; one that does not would need a slower reader.
  return length === null ? Number.NaN : end + 4 + Number(length[1])
}

/** Opens connection number `index`. Every answer is checked: its status, and a text that it must hold. */
export function openConnection(
  target: Target,
  index: number,
  faults: Faults,
  onAnswer: (connection: Connection) => void
): Promise<Connection> {
  const id = connectorId(index)
  const { status, answer } = requestKinds[target.request ?? 'sync']
  const statusLine = `HTTP/1.1 ${status} `
  const expected = answer.replace('{id}', id)
  const bytes = requestBytes(target, id)
  const addressAt = bytes.indexOf(firstAddress)
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
    const isGood =
      isWaiting && text.length === whole && text.startsWith(statusLine) && text.includes(expected)
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
      // One request is under way at a time: the last one's bytes are sent.
      if (addressAt !== -1) changeAddress(bytes, addressAt)
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
