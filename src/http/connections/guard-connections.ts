import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from '../../telemetry/logger.ts'
import type { EncryptedSocket } from '../node-socket.ts'
import type { ConnectionBounds } from './connection-bounds.ts'
import { ConnectionGate } from './connection-gate.ts'
import { ConnectionShares, type Place } from './connection-shares.ts'
import type { Front } from './front.ts'
import { KeptBytes } from './kept-bytes.ts'
import { RequestTurns } from './request-turns.ts'
import { SlowReaders } from './slow-readers.ts'
import { Turns } from './turns.ts'

export type GuardOptions = {
  readonly bounds: ConnectionBounds
  readonly logger: Pick<Logger, 'warn'>
  /** Addresses behind which many callers are, so that they have no bound of their own. */
  readonly isProxy: (address: string) => boolean
  /** Whether connections begin with a TLS handshake. */
  readonly encrypted: boolean
  /** How long a connection may leave bytes unread. */
  readonly stallMs?: number
  /** How many bytes may be kept for all connections together. */
  readonly keptBytes?: number
  /** How often they are looked at. */
  readonly lookEveryMs?: number
}

const defaultLookEveryMs = 1_000
const defaultStallMs = 10_000
const defaultKeptBytes = 32 * 1024 * 1024
/**
 * How many go on in a turn of the event loop: new connections, requests of strangers, their large answers and bodies, and
 * requests of known callers that sent several at once. A handshake of TLS costs a millisecond.
 */
const perTurn = {
  plain: { connections: 4, strangers: 2, largeWrites: 1, bodies: 1, known: 8 },
  encrypted: { connections: 0.5, strangers: 1, largeWrites: 1, bodies: 1, known: 8 }
}

/** Bounds what the connections of a server may cost: how many, how much is kept for them, and for how long. */
export function guardConnections(server: Server, options: GuardOptions): void {
  const { bounds, isProxy, encrypted, stallMs = defaultStallMs } = options
  const { keptBytes = defaultKeptBytes, lookEveryMs = defaultLookEveryMs } = options
  const inTurn = encrypted ? perTurn.encrypted : perTurn.plain
  const front: Front = {
    shares: new ConnectionShares({ bounds, isProxy }),
    kept: new KeptBytes(keptBytes),
    turns: new RequestTurns(inTurn),
    largeWrites: new Turns(inTurn.largeWrites)
  }
  const gates = new Set<ConnectionGate>()
  const readers = new SlowReaders(stallMs)
  const arrivals = new Turns(inTurn.connections)
  const places = new WeakMap<Socket, Place>()
  // Node's own, which begins to read, or to shake hands: it has to wait for its turn.
  const [take] = server.listeners('connection') as ((socket: Socket) => void)[]
  if (take === undefined) throw new Error('the server does not listen for connections')
  server.removeListener('connection', take)

  function open(socket: Socket, place: Place): void {
    const gate = new ConnectionGate(socket, place, front)
    gates.add(gate)
    socket.once('close', () => {
      gates.delete(gate)
      readers.forget(gate)
    })
  }
  server.on('connection', (socket: Socket) => {
    const place = front.shares.enter(socket, socket.remoteAddress ?? '')
    const arrival = {
      turn() {
        if (socket.destroyed) return
        take.call(server, socket)
        if (encrypted) places.set(socket, place)
        else open(socket, place)
      }
    }
    socket.once('close', () => {
      arrivals.remove(arrival)
      front.shares.leave(place)
    })
    if (arrivals.goOn()) return arrival.turn()
    socket.on('error', () => socket.destroy())
    arrivals.add(arrival)
  })
  if (encrypted)
    server.on('secureConnection', (socket: EncryptedSocket) => {
      const place = socket._parent && places.get(socket._parent)
      if (place === undefined) return void socket.destroy()
      place.socket = socket
      open(socket, place)
    })

  // A caller that ends its half behind its request waits for the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  const report = reportOf(front, readers, options.logger)
  server.once('listening', () => {
    const looking = setInterval(() => {
      readers.look(gates, performance.now())
      report()
    }, lookEveryMs).unref()
    server.once('close', () => clearInterval(looking))
  })
}

/** One line for all that had to end since the last one. */
function reportOf({ shares, kept }: Front, readers: SlowReaders, logger: Pick<Logger, 'warn'>): () => void {
  let reported = 0
  return () => {
    const counts = { displaced: shares.displaced, unread: readers.ended, too_much_kept: kept.ended }
    const all = counts.displaced + counts.unread + counts.too_much_kept
    if (all === reported) return
    reported = all
    logger.warn({ ...counts, connections: shares.count }, 'connections of strangers had to end')
  }
}
