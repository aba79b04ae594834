import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { SANDBOX_KEY, type SandboxKey } from './accepted-keys.ts'
import { type SandboxClock, systemClock } from './clock.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import type { Connector, ConnectorSpec } from './connector-store.ts'
import { answerControl, CONTROL_PATH } from './control.ts'
import { increment, type SandboxCounters } from './counters.ts'
import type { FaultRules } from './fault-rules.ts'
import type { Quota } from './request-quota.ts'
import type { RequestRecord } from './request-record.ts'
import { SandboxState } from './sandbox-state.ts'

export { SANDBOX_KEY } from './accepted-keys.ts'

export type SandboxOptions = {
  /** Default 127.0.0.1. The control endpoint answers only clients on loopback, wherever this listens. */
  host?: string
  /** Default 0: any free port. */
  port?: number
  /** Default 1. The same seed gives the same ids, connectors, request ids and draws of faults. */
  seed?: number
  /** The API keys that are accepted. Default: SANDBOX_KEY alone. */
  keys?: readonly SandboxKey[]
  /** How many connectors, alternately of the three types, or exactly which. Default 6. */
  connectors?: number | readonly ConnectorSpec[]
  /** How long a queued run takes until `last_sync_*` moves, in milliseconds. Default 2,000. */
  syncDurationMs?: number
  /** How many requests the record holds before the oldest are dropped. Default 100,000. */
  recordLimit?: number
  /** The upstream's own limits; `publishedQuota` holds the documented ones. Default: none. Over it: an empty 429. */
  quota?: Quota
  clock?: SandboxClock
}

/** A running stand-in for the Content API. */
export type Sandbox = {
  /** http://HOST:PORT */
  readonly origin: string
  readonly port: number
  /** The first accepted key it was started with. */
  readonly key: string
  /** All connectors as they are now, whoever may see them. */
  readonly connectors: Connector[]
  readonly faults: Pick<FaultRules, 'add' | 'set' | 'clear' | 'remove' | 'list'>
  /** The raw requests received, oldest first, with an order number above `after`. */
  requests(after?: number): RequestRecord[]
  clearRequests(): void
  addKey(key: SandboxKey): void
  /** Whether the key was accepted until now. */
  removeKey(key: string): boolean
  setQuota(quota: Quota): void
  /** Does something to all idle kept-alive connections. Returns how many there were. */
  disturbIdle(action: 'unsolicited' | 'finish' | 'reset', body?: unknown): number
  counters(): SandboxCounters
  /** Stops listening and ends all connections at once. */
  close(): Promise<void>
}

/** Starts a stand-in upstream. Rejects when it cannot listen. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, seed = 1, keys = [SANDBOX_KEY], clock = systemClock } = options
  const { connectors = 6, syncDurationMs = 2000, recordLimit = 100_000, quota = {} } = options
  const state = new SandboxState({ seed, keys, connectors, syncDurationMs, recordLimit, quota, clock })
  const sockets = new Set<Socket>()
  const owner = connectionOwner(state)
  // Paused: a connection that a fault resets unread must not be read. Half-open: a client that has ended its half still gets
  // its answer.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    accept(state, owner, socket)
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const firstKey = keys[0]
  return {
    origin: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    key: typeof firstKey === 'object' ? firstKey.key : (firstKey ?? SANDBOX_KEY),
    get connectors() {
      return state.connectors.all()
    },
    faults: state.faults,
    requests: after => [...state.log.read(after)],
    clearRequests: () => state.log.clear(),
    addKey: key => state.keys.add(key),
    removeKey: key => state.keys.remove(key),
    setQuota: quota => state.quota.set(quota),
    disturbIdle: (action, body) => state.disturbIdle(action, body),
    counters: () => state.counters(),
    close: () => closeAll(server, sockets)
  }
}

async function closeAll(server: Server, sockets: Iterable<Socket>): Promise<void> {
  // The server's own event may come before those of its sockets, on which timers and records end.
  const closed = [server, ...sockets].map(emitter => once(emitter, 'close'))
  server.close()
  for (const socket of sockets) socket.destroy()
  await Promise.all(closed)
}

function accept(state: SandboxState, owner: ConnectionOwner, socket: Socket): void {
  state.counts.connections_accepted += 1
  const number = state.counts.connections_accepted
  const chosen = state.faults.choose('connect')
  if (chosen !== null) {
    state.counts.connections_reset_unread += 1
    increment(state.counts.by_fault, chosen.name)
    socket.on('error', () => {})
    socket.resetAndDestroy()
    return
  }
  const connection = new Connection(number, socket, owner)
  state.open.add(connection)
  socket.once('close', () => state.open.delete(connection))
  socket.resume()
}

function connectionOwner(state: SandboxState): ConnectionOwner {
  return {
    clock: state.clock,
    refusesFirstBytes(connection, bytes) {
      if (/^[A-Z]+ \/_sandbox\//.test(bytes.toString('latin1', 0, 32)) && onLoopback(connection.socket))
        return null
      return state.faults.choose('first-bytes')?.name ?? null
    },
    plan: (connection, reading) => state.plan(connection, reading),
    control({ socket }, request) {
      if (!request.path.startsWith(`${CONTROL_PATH}/`) || !onLoopback(socket)) return false
      return answerControl(socket, request, state)
    },
    abandoned: (connection, raw, fault) => state.recordUnfinished(connection, raw, fault)
  }
}

function onLoopback({ remoteAddress = '' }: Socket): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress)
}
