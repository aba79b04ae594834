import type { EntryFields } from './entry.ts'
import { Flood } from './flood.ts'

/** How many rejections of one kind are written one by one in each interval, and how long an interval is. */
const writtenEach = 10
const intervalMs = 10_000
/** How many kinds are told apart of each origin; past it they are counted together: made-up addresses cost no memory. */
const kindsBound = 100
/** How many keys, addresses and reasons are told apart of a tenant whose keys are no longer taken. */
const kindsPerTenant = 10
/** How many of each origin are written one by one in an interval over all kinds. */
const writtenTotal = 100

/**
 * Who was refused: somebody who was admitted, somebody whose proof was genuine and no longer taken, or any stranger. Each
 * origin has bounds of its own: whoever can be anybody does not use up the room of those who cannot.
 */
type Origin = 'admitted' | 'proven' | 'stranger'

/** All of one origin in an interval, by their kinds, and how many kinds there are of a tenant. */
type Room = { readonly floods: Map<string, Flood>; readonly kinds: Map<string, number>; written: number }

/**
 * Every rejection is counted; those of one tenant (or address), code, reason and limit are written one by one up to a rate, and
 * past it as one entry an interval that tells how many in each second.
 */
export class Rejections {
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
    if (this.#isWell() && ++flood.noted <= writtenEach && ++room.written <= writtenTotal) this.#write(fields)
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
      room.kinds.clear()
      room.written = 0
    }
  }
}

function emptyRoom(): Room {
  return { floods: new Map(), kinds: new Map(), written: 0 }
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

/** The flood of this name; null where there is none and no more are told apart, or no more of this tenant. */
function floodOf(
  { floods, kinds }: Room,
  name: string,
  who: Partial<EntryFields>,
  tenant?: string
): Flood | null {
  const known = floods.get(name)
  if (known) return known
  const ofTenant = tenant === undefined ? 0 : (kinds.get(tenant) ?? 0)
  if (floods.size >= kindsBound || ofTenant >= kindsPerTenant) return null
  if (tenant !== undefined) kinds.set(tenant, ofTenant + 1)
  return add(floods, name, who)
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
