import type { EntryFields } from './entry/entry.ts'
import { Flood } from './flood.ts'

/** How many rejections of one kind are written one by one in each interval, and how long an interval is. */
const writtenEach = 10
const intervalMs = 10_000
/** How many kinds of each origin have counts of their own; past it they are counted together: made-up addresses cost no memory. */
const kindsBound = 100
/** How many keys, addresses and reasons of a tenant whose keys are no longer taken have counts of their own. */
const kindsPerTenant = 10
/** How many of each origin are written one by one in an interval over all kinds. */
const writtenTotal = 100
/** How many of them one tenant may have, so that refusals of the others are written one by one beside its flood. */
const writtenPerTenant = 40

/**
 * Who was refused: somebody who was admitted, somebody whose proof was genuine and no longer taken, or any stranger. Each
 * origin has bounds of its own: whoever can be anybody does not use up the room of those who cannot.
 */
type Origin = 'admitted' | 'proven' | 'stranger'

/** What one tenant has of a room: kinds with counts of their own, and entries that were written one by one. */
type Share = { kinds: number; written: number }

/** All of one origin in an interval, by their kinds, and the shares of tenants: `rest` is that of all past the bound. */
type Room = {
  readonly floods: Map<string, Flood>
  readonly shares: Map<string, Share>
  rest: Share
  written: number
}

/**
 * Every rejection is counted; those of one tenant (or address), code, reason and limit are written one by one up to a rate, and
 * past it as one entry an interval that tells how many in each second.
 */
export class RejectionAggregator {
  readonly #write: (fields: EntryFields) => void
  readonly #isWell: () => boolean
  readonly #rooms: Readonly<Record<Origin, Room>> = {
    admitted: emptyRoom(),
    proven: emptyRoom(),
    stranger: emptyRoom()
  }
  #timer: NodeJS.Timeout | null = null

  /** While the store is not well all are counted and none is written: what waits for it would grow for as long. */
  constructor(write: (fields: EntryFields) => void, isWell: () => boolean = () => true) {
    this.#write = write
    this.#isWell = isWell
  }

  note(fields: EntryFields): void {
    this.#timer ??= setTimeout(() => this.#endInterval(), intervalMs).unref()
    const origin = originOf(fields)
    const room = this.#rooms[origin]
    const flood = floodIn(room, origin, fields)
    if (this.#isWell() && ++flood.noted <= writtenEach && isWithinBounds(room, fields)) this.#write(fields)
    else flood.count(fields)
  }

  #endInterval(): void {
    if (this.#isWell()) this.close()
    else this.#timer = setTimeout(() => this.#endInterval(), intervalMs).unref()
  }

  /** Ends the interval: writes what was counted and not written. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const at = new Date().toISOString()
    for (const room of Object.values(this.#rooms)) {
      for (const flood of room.floods.values()) {
        const aggregate = flood.aggregate(at)
        if (aggregate) this.#write(aggregate)
      }
      room.floods.clear()
      room.shares.clear()
      room.rest = { kinds: 0, written: 0 }
      room.written = 0
    }
  }
}

function emptyRoom(): Room {
  return { floods: new Map(), shares: new Map(), rest: { kinds: 0, written: 0 }, written: 0 }
}

/** Takes the place of one more entry in an interval, when there is one. */
function isWithinBounds(room: Room, { tenant }: EntryFields): boolean {
  const share = tenant === undefined ? null : shareOf(room, tenant)
  if (room.written >= writtenTotal || (share !== null && share.written >= writtenPerTenant)) return false
  room.written++
  if (share !== null) share.written++
  return true
}

function shareOf({ shares, rest }: Room, tenant: string): Share {
  const known = shares.get(tenant)
  if (known) return known
  if (shares.size >= kindsBound) return rest
  const share = { kinds: 0, written: 0 }
  shares.set(tenant, share)
  return share
}

function originOf({ tenant, reason }: EntryFields): Origin {
  if (tenant === undefined) return 'stranger'
  return reason === undefined ? 'admitted' : 'proven'
}

function floodIn(room: Room, origin: Origin, fields: EntryFields): Flood {
  const { code, reason, limit, tenant, key_id, client_ip } = fields
  // Who holds a key that is no longer taken is not its tenant: the key and the address tell them apart.
  if (origin === 'proven') {
    const one = { tenant, key_id, client_ip, reason, limit }
    return (
      floodOf(room, `${code} ${reason} ${limit} ${tenant} ${key_id} ${client_ip}`, one, tenant) ??
      floodOf(room, `${code} ${reason} ${limit} ${tenant}`, { tenant, reason, limit }) ??
      floodOfAll(room, fields)
    )
  }
  const who = origin === 'admitted' ? { tenant, limit } : { client_ip, reason, limit }
  return floodOf(room, `${code} ${reason} ${limit} ${tenant ?? client_ip}`, who) ?? floodOfAll(room, fields)
}

/** The flood of this name; null where there is none and no more get counts of their own, or no more of this tenant. */
function floodOf(room: Room, name: string, who: Partial<EntryFields>, tenant?: string): Flood | null {
  const known = room.floods.get(name)
  if (known) return known
  if (room.floods.size >= kindsBound) return null
  const share = tenant === undefined ? null : shareOf(room, tenant)
  if (share !== null && share.kinds >= kindsPerTenant) return null
  if (share !== null) share.kinds++
  return add(room.floods, name, who)
}

/** Those of one code, reason and limit that are no longer told apart: there are few of each. */
function floodOfAll({ floods }: Room, { code, reason, limit }: EntryFields): Flood {
  const name = `${code} ${reason} ${limit}`
  return floods.get(name) ?? add(floods, name, { reason, limit })
}

function add(floods: Map<string, Flood>, name: string, who: Partial<EntryFields>): Flood {
  const flood = new Flood(who)
  floods.set(name, flood)
  return flood
}
