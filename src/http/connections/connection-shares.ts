import type { Duplex } from 'node:stream'
import type { ConnectionBounds } from './connection-bounds.ts'
import { networkOf } from './network-of.ts'

/** A connection as the shares count it. */
export type Place = {
  /** The socket to end; with TLS the encrypted one once there is one. */
  socket: Duplex
  readonly network: string
  /** Whether somebody has proved on it who they are. */
  known: boolean
  /** Whether it waits for its reader. */
  stuck: boolean
}

export type ConnectionSharesOptions = {
  readonly bounds: ConnectionBounds
  /** Addresses behind which many callers are. */
  readonly isProxy: (address: string) => boolean
}

/**
 * Who may hold how many connections. Each begins as a stranger's. Where the strangers' share is full a new one takes the
 * place of an older one of those who hold most: a flood displaces itself, and whoever comes with a proof has time to
 * show it.
 */
export class ConnectionShares {
  readonly #bounds: ConnectionBounds
  readonly #isProxy: (address: string) => boolean
  /** Strangers by network, each oldest first. */
  readonly #strangers = new Map<string, Set<Place>>()
  #strangerCount = 0
  #knownCount = 0
  /** How many connections had to give way so far. */
  displaced = 0

  constructor({ bounds, isProxy }: ConnectionSharesOptions) {
    this.#bounds = bounds
    this.#isProxy = isProxy
  }

  get count(): number {
    return this.#strangerCount + this.#knownCount
  }

  /** Gives a new connection its place. Leave it when it closes. */
  enter(socket: Duplex, address: string): Place {
    const network = networkOf(address)
    const place: Place = { socket, network, known: false, stuck: false }
    const { strangers, strangersPerAddress } = this.#bounds
    const own = this.#strangers.get(network)
    if (own && own.size >= strangersPerAddress && !this.#isProxy(address)) this.#displaceOneOf(own)
    else if (this.#strangerCount >= strangers) this.#displaceOneOf(this.#largest())
    const held = this.#strangers.get(network) ?? new Set()
    this.#strangers.set(network, held.add(place))
    this.#strangerCount++
    return place
  }

  /** Somebody has proved on it who they are: strangers displace it no more, as long as that share lasts. */
  recognize(place: Place): void {
    if (place.known || this.#knownCount >= this.#bounds.known || !this.#forget(place)) return
    place.known = true
    this.#knownCount++
  }

  leave(place: Place): void {
    if (!place.known) this.#forget(place)
    else {
      place.known = false
      this.#knownCount--
    }
  }

  /** False for one that has left already. */
  #forget(place: Place): boolean {
    const held = this.#strangers.get(place.network)
    if (!held?.delete(place)) return false
    if (held.size === 0) this.#strangers.delete(place.network)
    this.#strangerCount--
    return true
  }

  #largest(): Set<Place> {
    let largest = new Set<Place>()
    for (const held of this.#strangers.values()) if (held.size > largest.size) largest = held
    return largest
  }

  #displaceOneOf(held: ReadonlySet<Place>): void {
    const [oldest] = held
    const place = held.values().find(({ stuck }) => stuck) ?? oldest
    if (place === undefined) return
    this.#forget(place)
    this.displaced++
    place.socket.destroy()
  }
}
