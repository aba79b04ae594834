import type { Duplex } from 'node:stream'
import { networkOf } from '../caller-address.ts'
import type { ConnectionBounds } from './connection-bounds.ts'

export type Slot = {
  /** The socket to end; with TLS the encrypted one once there is one. */
  socket: Duplex
  readonly network: string
  authenticated: boolean
  hasBacklog: boolean
}

export type QuotaOptions = {
  readonly bounds: ConnectionBounds
  readonly isProxy: (address: string) => boolean
}

/**
 * Bounds the connections, in all and per network. Each begins as anonymous; past the bound a new one displaces the oldest of the
 * network that has most, so that a flood displaces itself.
 */
export class ConnectionQuota {
  readonly #bounds: ConnectionBounds
  readonly #isProxy: (address: string) => boolean
  /** By network, each oldest first. */
  readonly #anonymous = new Map<string, Set<Slot>>()
  #anonymousCount = 0
  #authenticatedCount = 0
  displaced = 0

  constructor({ bounds, isProxy }: QuotaOptions) {
    this.#bounds = bounds
    this.#isProxy = isProxy
  }

  get count(): number {
    return this.#anonymousCount + this.#authenticatedCount
  }

  /** The slot of a new connection, to be released when it closes. */
  admit(socket: Duplex, address: string): Slot {
    const network = networkOf(address)
    const slot: Slot = { socket, network, authenticated: false, hasBacklog: false }
    const { anonymous, anonymousPerNetwork } = this.#bounds
    const own = this.#anonymous.get(network)
    if (own && own.size >= anonymousPerNetwork && !this.#isProxy(address)) this.#displaceOneOf(own)
    else if (this.#anonymousCount >= anonymous) this.#displaceOneOf(this.#largest())
    const held = this.#anonymous.get(network) ?? new Set()
    this.#anonymous.set(network, held.add(slot))
    this.#anonymousCount++
    return slot
  }

  /** A caller has authenticated: anonymous connections displace this one no more, unless all such slots are taken. */
  authenticate(slot: Slot): void {
    const isFull = this.#authenticatedCount >= this.#bounds.authenticated
    if (slot.authenticated || isFull || !this.#removeAnonymous(slot)) return
    slot.authenticated = true
    this.#authenticatedCount++
  }

  release(slot: Slot): void {
    if (!slot.authenticated) return void this.#removeAnonymous(slot)
    slot.authenticated = false
    this.#authenticatedCount--
  }

  /** False for a slot that was released already. */
  #removeAnonymous(slot: Slot): boolean {
    const held = this.#anonymous.get(slot.network)
    if (!held?.delete(slot)) return false
    if (held.size === 0) this.#anonymous.delete(slot.network)
    this.#anonymousCount--
    return true
  }

  #largest(): Set<Slot> {
    let largest = new Set<Slot>()
    for (const held of this.#anonymous.values()) if (held.size > largest.size) largest = held
    return largest
  }

  #displaceOneOf(held: ReadonlySet<Slot>): void {
    const [oldest] = held
    const slot = held.values().find(({ hasBacklog }) => hasBacklog) ?? oldest
    if (slot === undefined) return
    this.#removeAnonymous(slot)
    this.displaced++
    slot.socket.destroy()
  }
}
