import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { tlsFolder } from '../fixtures/tls-files.ts'
import { readAnswers } from '../http/http-answer.ts'
import { requestBytes, syncBytes } from '../http/request-bytes.ts'
import type { Flooding } from './flooding-process.ts'
import { type RunningGateway, Scenario } from './scenario.ts'
import { within } from './wait.ts'

type Listener = 'public' | 'admin' | 'tls'

/** One flood, and where it goes. */
type Flood = Omit<Flooding, 'port' | 'tls'> & { readonly name: string; readonly listener: Listener }

/** What was measured while a flood went on. */
export type FloodReport = {
  readonly name: string
  readonly calls: number
  /** Calls that were not answered with 200. */
  readonly failed: number
  /** 95 of 100 calls took no longer, in milliseconds: while nothing else went on, and during the flood. */
  readonly quietMs: number
  readonly floodMs: number
  /** The most memory that the process had until then. */
  readonly peakMiB: number
  readonly violations: readonly string[]
}

export type FloodOptions = {
  readonly durationMs: number
  /** Calls as slow as this one are never too slow: on a busy machine quiet ones are. */
  readonly leastMs: number
  readonly onReport: (report: FloodReport) => void
  readonly only?: (name: string) => boolean
}

const mostMiB = 300
/** The options of `npm run gateway`. */
const asShipped = {
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=1024',
  MALLOC_ARENA_MAX: '1'
}
const mostTimes = 5

const get = (target: string, more: readonly string[] = []) =>
  requestBytes({ method: 'GET', target, framing: null, headers: ['Host: a'], more }).toString('latin1')

function floods(viewer: string): Flood[] {
  const script = '/docs/static/swagger-ui-bundle.js'
  const manyOf = (target: string, listener: Listener, more: readonly string[] = []): Flood => ({
    name: `${listener}: seven connections pipeline GET ${target} and never read`,
    listener,
    connections: 7,
    bytes: get(target, more).repeat(1_680)
  })
  const script64KiB = get(script).repeat(Math.floor((64 * 1024) / get(script).length))
  const everywhere = (['public', 'admin', 'tls'] as const).flatMap((listener): Flood[] => [
    {
      name: `${listener}: fifty connections pipeline GET /livez without end`,
      listener,
      connections: 50,
      bytes: get('/livez').repeat(200),
      endless: true,
      reads: true
    },
    {
      name: `${listener}: 3,000 connections from eight addresses that send nothing`,
      listener,
      connections: 3_000,
      addresses: 8,
      bytes: ''
    },
    {
      name: `${listener}: 1,500 connections with half a request`,
      listener,
      connections: 1_500,
      bytes: 'POST /x HTTP/1.1\r\nHost: a\r\n'
    }
  ])
  return [
    ...['/openapi.json', '/problems', '/docs/json', '/docs/yaml'].map(target => manyOf(target, 'public')),
    manyOf('/openapi.json', 'tls'),
    manyOf('/admin/openapi.json', 'admin', [`Authorization: Bearer ${viewer}`]),
    {
      name: 'public: 64 KiB of requests for the script',
      listener: 'public',
      connections: 1,
      bytes: script64KiB
    },
    {
      name: 'public: 2,000 connections ask for the script and never read',
      listener: 'public',
      connections: 2_000,
      bytes: get(script)
    },
    {
      name: 'tls: 800 connections from four addresses ask for the script and never read',
      listener: 'tls',
      connections: 800,
      addresses: 4,
      bytes: get(script)
    },
    ...everywhere
  ]
}

/** A caller with a key that makes one call after the other; every tenth on a connection of its own. */
class Caller {
  readonly #connect: () => Promise<Socket>
  readonly #bytes: () => Buffer
  #socket: Socket | null = null
  #calls = 0

  constructor(connectTo: () => Promise<Socket>, bytes: () => Buffer) {
    this.#connect = connectTo
    this.#bytes = bytes
  }

  /** Makes one call. Returns its status, 0 where no answer came, and how long it took. */
  async call(): Promise<{ status: number; ms: number }> {
    const fresh = ++this.#calls % 10 === 0
    const begun = performance.now()
    try {
      const socket = (fresh ? null : this.#socket) ?? (await this.#connect())
      if (!fresh) this.#socket = socket
      const status = await within('an answer', 10_000, answerOn(socket, this.#bytes()))
      if (fresh) socket.destroy()
      return { status, ms: performance.now() - begun }
    } catch {
      // Whatever kept the answer away, it is one that did not come.
      this.close()
      return { status: 0, ms: performance.now() - begun }
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }
}

async function answerOn(socket: Socket, bytes: Buffer): Promise<number> {
  const chunks: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const onData = (chunk: Buffer) => {
    chunks.push(chunk)
    const [answer] = readAnswers(Buffer.concat(chunks)).answers
    if (answer) resolve(answer.status)
  }
  const onClose = () => reject(new Error('the connection ended'))
  socket.on('data', onData).once('close', onClose)
  if (socket.destroyed) onClose()
  socket.write(bytes)
  return await promise.finally(() => socket.off('data', onData).off('close', onClose))
}

/** Makes calls, one after the other, for a while. */
async function callsDuring(caller: Caller, ms: number): Promise<{ status: number; ms: number }[]> {
  const calls: { status: number; ms: number }[] = []
  for (const end = performance.now() + ms; performance.now() < end; ) {
    calls.push(await caller.call())
    // Callers of a gateway have something else to do as well.
    await delay(2)
  }
  return calls
}

function percentile95(calls: readonly { ms: number }[]): number {
  const sorted = calls.map(({ ms }) => ms).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.POSITIVE_INFINITY
}

function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

type Target = { readonly gateway: RunningGateway; readonly port: number; readonly caller: Caller }

/** Lets each flood go on for a while beside a caller with a key, and measures both. */
export async function runFloods(options: FloodOptions): Promise<FloodReport[]> {
  const scenario = await Scenario.start()
  const tls = tlsFolder()
  const targets: Target[] = []
  try {
    const { key } = await scenario.addTenant('acme')
    const { key: viewer } = await scenario.json<{ key: string }>(
      'admin-key',
      'issue',
      'v',
      '--role',
      'viewer'
    )
    const { GATEWAY_TLS_CLIENT_CA, ...env } = tls.env
    const { connectorId } = scenario.nextSync(key)
    const start = memoized(
      async (withTls: boolean) => await scenario.startGateway({ ...(withTls ? env : {}), ...asShipped })
    )
    const target = memoized(async (listener: Listener): Promise<Target> => {
      const gateway = await start(listener === 'tls')
      const port = listener === 'admin' ? gateway.adminPort : gateway.port
      const read = requestBytes({ method: 'GET', target: '/admin/tenants', framing: null, key: viewer })
      const sync = () => syncBytes({ key, connectorId }, { body: '{"date_limit":"2026-01-01"}' })
      const bytes = listener === 'admin' ? () => read : sync
      const caller = new Caller(() => connected(port, listener === 'tls'), bytes)
      const made = { gateway, port, caller }
      targets.push(made)
      return made
    })
    const reports: FloodReport[] = []
    for (const flood of floods(viewer)) {
      if (options.only?.(flood.name) === false) continue
      const report = await measured(flood, await target(flood.listener), options)
      reports.push(report)
      options.onReport(report)
    }
    return reports
  } finally {
    for (const { caller } of targets) caller.close()
    await scenario.close()
    tls.close()
  }
}

async function measured(
  { name, listener, ...flooding }: Flood,
  { gateway, port, caller }: Target,
  { durationMs, leastMs }: FloodOptions
): Promise<FloodReport> {
  // What is made once for all callers is no matter of floods.
  if (flooding.bytes.startsWith('GET')) {
    const socket = await connected(port, listener === 'tls')
    await answerOn(socket, Buffer.from(`${flooding.bytes.split('\r\n\r\n', 1)}\r\n\r\n`))
    socket.destroy()
  }
  const quiet = await callsDuring(caller, durationMs / 2)
  const strangers = fork(join(import.meta.dirname, 'flooding-process.ts'), { execArgv: [] })
  try {
    strangers.send({ ...flooding, port, tls: listener === 'tls' } satisfies Flooding)
    await once(strangers, 'message')
    const calls = await callsDuring(caller, durationMs)
    const { ended } = gateway.process
    if (ended) return { ...none, name, violations: [`the process ended: ${JSON.stringify(ended)}`] }
    const failed = calls.filter(({ status }) => status !== 200).length
    const [quietMs, floodMs] = [percentile95(quiet), percentile95(calls)]
    const memory = peakMiB(gateway.process.pid)
    const violations = [
      failed > 0 && `${failed} of ${calls.length} calls failed`,
      floodMs > Math.max(leastMs, quietMs * mostTimes) &&
        `95 of 100 calls took up to ${floodMs.toFixed(1)} ms, quiet ones ${quietMs.toFixed(1)} ms`,
      memory > mostMiB && `the process had ${memory.toFixed(0)} MiB`
    ].filter(violation => violation !== false)
    return { name, calls: calls.length, failed, quietMs, floodMs, peakMiB: memory, violations }
  } finally {
    // It ends when nobody holds on to it, also when this process has ended.
    const exited = once(strangers, 'exit')
    strangers.disconnect()
    await exited
  }
}

const none = { calls: 0, failed: 0, quietMs: Number.NaN, floodMs: Number.NaN, peakMiB: Number.NaN }

async function connected(port: number, tls: boolean): Promise<Socket> {
  const to = { port, host: '127.0.0.1', noDelay: true }
  const socket = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to)
  socket.on('error', () => {})
  await Promise.race([
    once(socket, tls ? 'secureConnect' : 'connect'),
    once(socket, 'close').then(() => Promise.reject(new Error('no connection')))
  ])
  return socket
}

/** Makes what is asked for once for each question. */
function memoized<Question, Answer>(
  make: (of: Question) => Promise<Answer>
): (of: Question) => Promise<Answer> {
  const made = new Map<Question, Promise<Answer>>()
  return of => {
    const answer = made.get(of) ?? make(of)
    made.set(of, answer)
    return answer
  }
}
