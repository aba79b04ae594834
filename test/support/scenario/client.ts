import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ClientAnswer } from '../checker/histories.ts'
import { readAnswers } from '../http/http-answer.ts'

/** One request as a client sends it. */
export type ClientRequest = {
  readonly connectorId: string
  readonly body: string
  readonly key: string
  readonly dateLimit?: string
  /** The path of the sync route unless given. */
  readonly path?: string
  readonly method?: string
}

/** One entry of C, with what tells it apart from all others. */
export type ClientCall = ClientAnswer & {
  readonly sentAtMs: number
  readonly endedAtMs: number
  /** True when the connection ended before one byte of an answer had come. */
  readonly unanswered: boolean
}

/** Longer than any answer may take: a caller that waits this long was forgotten. */
const patienceMs = 20_000

/** A caller that keeps its connection alive and sends one request after another. */
export class ScenarioClient {
  readonly #port: number
  #socket: Socket | null = null
  #received: Buffer[] = []
  /** How many connections it has made: a new one follows each that was closed. */
  connections = 0

  constructor(port: number) {
    this.#port = port
  }

  /** Sends one request and waits for its answer. Never throws: how the connection failed is in `error`. */
  async send(request: ClientRequest): Promise<ClientCall> {
    const { connectorId, dateLimit, path, method } = request
    const call = {
      connectorId,
      sentAtMs: Date.now(),
      ...(dateLimit !== undefined && { dateLimit }),
      ...(path !== undefined && { path }),
      ...(method !== undefined && { method })
    }
    try {
      const socket = await this.#connected()
      socket.write(bytesOf(request))
      return { ...call, ...(await this.#answer(socket)), endedAtMs: Date.now() }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      return {
        ...call,
        headers: [],
        body: '',
        error: code,
        unanswered: true,
        endedAtMs: Date.now()
      }
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.readable) return this.#socket
    this.close()
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    this.connections++
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    this.#socket = socket
    return socket
  }

  async #answer(socket: Socket): Promise<Omit<ClientAnswer, 'connectorId'> & { unanswered: boolean }> {
    this.#received = []
    let firstByteAtMs: number | undefined
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const onData = (chunk: Buffer) => {
      firstByteAtMs ??= Date.now()
      this.#received.push(chunk)
      if (readAnswers(Buffer.concat(this.#received)).answers.length > 0) resolve(undefined)
    }
    const onClose = () => resolve('the connection was closed')
    socket.on('data', onData).once('close', onClose)
    if (socket.destroyed) onClose()
    const timer = setTimeout(() => resolve(`no answer within ${patienceMs} ms`), patienceMs)
    const error = await promise
    clearTimeout(timer)
    socket.off('data', onData).off('close', onClose)
    const { answers, rest } = readAnswers(Buffer.concat(this.#received))
    const [answer] = answers
    const first = firstByteAtMs === undefined ? {} : { firstByteAtMs }
    if (!answer) {
      this.close()
      return {
        headers: [],
        body: rest.toString('latin1'),
        error: error ?? 'no answer',
        unanswered: rest.length === 0,
        ...first
      }
    }
    const { status, headers, body } = answer
    const surplus = rest.length > 0 || answers.length > 1 ? { error: 'more bytes than one answer' } : {}
    if (headers.some(([name, value]) => name === 'connection' && value === 'close')) this.close()
    return { status, headers, body, unanswered: false, ...first, ...surplus }
  }
}

function bytesOf({ connectorId, body, key, path, method = 'POST' }: ClientRequest): string {
  return [
    `${method} ${path ?? `/connectors/${connectorId}/sync`} HTTP/1.1`,
    'Host: gateway',
    'Content-Type: application/json',
    `Authorization: Bearer ${key}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body
  ].join('\r\n')
}
