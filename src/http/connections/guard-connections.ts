import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from '../../telemetry/logger.ts'
import type { EncryptedSocket } from '../node-socket.ts'
import { BufferBudget } from './buffer-budget.ts'
import { ConnectionGate, type SharedLimits } from './connection-gate.ts'
import { ConnectionQuota, type QuotaOptions, type Slot } from './connection-quota.ts'
import { TickQueue } from './tick-queue.ts'

export type GuardOptions = QuotaOptions & {
  readonly logger: Pick<Logger, 'warn'>
  readonly encrypted: boolean
  /** How long a connection may leave bytes unread. */
  readonly stallMs?: number
  /** How many bytes may be buffered for all connections together. */
  readonly bufferBytes?: number
  readonly checkEveryMs?: number
}

/** How many each queue lets go on in a turn of the event loop. A TLS handshake costs a millisecond. */
const perTick = {
  connections: { plain: 4, encrypted: 0.5 },
  anonymous: { plain: 2, encrypted: 1 },
  bodies: 1,
  authenticated: 8,
  largeWrites: 1
}

/** Bounds the connections of a server: their number, buffers and stalls. */
export function guardConnections(server: Server, options: GuardOptions): void {
  const { encrypted, stallMs = 10_000, bufferBytes = 32 * 1024 * 1024, checkEveryMs = 1_000 } = options
  const kind = encrypted ? 'encrypted' : 'plain'
  const limits: SharedLimits = {
    quota: new ConnectionQuota(options),
    buffers: new BufferBudget(bufferBytes),
    queues: {
      authenticated: new TickQueue(perTick.authenticated),
      anonymous: new TickQueue(perTick.anonymous[kind]),
      bodies: new TickQueue(perTick.bodies)
    },
    largeWrites: new TickQueue(perTick.largeWrites)
  }
  const gates = new Set<ConnectionGate>()
  const handshaking = new WeakMap<Socket, Slot>()
  function open(socket: Socket, slot: Slot): void {
    const gate = new ConnectionGate(socket, slot, limits)
    gates.add(gate)
    socket.once('close', () => gates.delete(gate))
  }
  acceptInTurn(server, limits.quota, new TickQueue(perTick.connections[kind]), (socket, slot) => {
    if (encrypted) handshaking.set(socket, slot)
    else open(socket, slot)
  })
  if (encrypted)
    server.on('secureConnection', (socket: EncryptedSocket) => {
      const slot = socket._parent && handshaking.get(socket._parent)
      if (slot === undefined) return void socket.destroy()
      slot.socket = socket
      open(socket, slot)
    })
  // A caller that ends its half after its request waits for the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  const check = endStalled(gates, limits, stallMs, options.logger)
  server.once('listening', () => {
    const checking = setInterval(check, checkEveryMs).unref()
    server.once('close', () => clearInterval(checking))
  })
}

/** Gives each new connection a slot and, in its turn, passes it to Node's own listener and to `onAccepted`. */
function acceptInTurn(
  server: Server,
  quota: ConnectionQuota,
  queue: TickQueue,
  onAccepted: (socket: Socket, slot: Slot) => void
): void {
  const [accept] = server.listeners('connection') as ((socket: Socket) => void)[]
  if (accept === undefined) throw new Error('the server does not listen for connections')
  server.removeListener('connection', accept)
  server.on('connection', (socket: Socket) => {
    const slot = quota.admit(socket, socket.remoteAddress ?? '')
    const proceed = (): void => {
      if (socket.destroyed) return
      accept.call(server, socket)
      onAccepted(socket, slot)
    }
    socket.once('close', () => {
      queue.remove(proceed)
      quota.release(slot)
    })
    if (queue.tryPass()) return proceed()
    socket.on('error', () => socket.destroy())
    queue.add(proceed)
  })
}

/** A check that ends stalled connections, and logs one line for all that ended since the last. */
function endStalled(
  gates: Set<ConnectionGate>,
  { quota, buffers }: SharedLimits,
  stallMs: number,
  logger: GuardOptions['logger']
): () => void {
  let stalled = 0
  let logged = 0
  return () => {
    for (const gate of gates) {
      if (!gate.isStalled(performance.now(), stallMs)) continue
      gates.delete(gate)
      stalled++
      gate.end()
    }
    const counts = { displaced: quota.displaced, unread: stalled, too_much_kept: buffers.ended }
    const all = counts.displaced + counts.unread + counts.too_much_kept
    if (all === logged) return
    logged = all
    logger.warn({ ...counts, connections: quota.count }, 'connections ended to protect the listener')
  }
}
