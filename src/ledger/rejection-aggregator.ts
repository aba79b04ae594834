import type { EntryFields } from './entry/entry.ts'
import { RejectionCount } from './rejection-count.ts'

/** How many rejections of one kind are written one by one in each interval, and how long an interval is. */
const writtenEach = 10
const intervalMs = 10_000
/** How many kinds of each origin are counted apart; further ones are counted together: made-up addresses cost no memory. */
const kindsBound = 100
/** How many keys, addresses and reasons of a tenant's rejected keys are counted apart. */
const kindsPerTenant = 10
/** How many of each origin are written one by one in an interval over all kinds. */
const writtenTotal = 100
/** How many of them one tenant may have, so that rejections of others are written one by one beside its flood. */
const writtenPerTenant = 40

/** Rejections of one kind are written one by one up to a rate, and counted past it, in one entry an interval. */
export class RejectionAggregator {
  readonly #write: (fields: EntryFields) => void
  readonly #isHealthy: () => boolean
  #rooms = emptyRooms()
  #timer: NodeJS.Timeout | null = null

  /** While the store fails all are counted and none is written, so that its queue does not grow. */
  constructor(write: (fields: EntryFields) => void, isHealthy: () => boolean = () => true) {
    this.#write = write
    this.#isHealthy = isHealthy
  }

  note(fields: EntryFields): void {
    this.#timer ??= setTimeout(() => this.#endInterval(), intervalMs).unref()
    const origin = originOf(fields)
    const room = this.#rooms[origin]
    const flood = room.floodOf(fields, groupsOf(origin, fields))
    if (this.#isHealthy() && ++flood.noted <= writtenEach && room.admits(fields)) this.#write(fields)
    else flood.count(fields)
  }

  #endInterval(): void {
    if (this.#isHealthy()) this.close()
    else this.#timer = setTimeout(() => this.#endInterval(), intervalMs).unref()
  }

  /** Ends the interval: writes what was counted and not written. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const at = new Date().toISOString()
    const floods = Object.values(this.#rooms).flatMap(room => [...room.floods.values()])
    this.#rooms = emptyRooms()
    for (const flood of floods) {
      const aggregate = flood.aggregate(at)
      if (aggregate) this.#write(aggregate)
    }
  }
}

/** An admitted caller, the holder of a valid proof that is no longer accepted, or anybody else. Each has bounds of its own. */
type Origin = 'admitted' | 'proven' | 'anonymous'

function originOf({ tenant, reason }: EntryFields): Origin {
  if (tenant === undefined) return 'anonymous'
  return reason === undefined ? 'admitted' : 'proven'
}

/** What a rejection may be counted by, besides its code: the narrowest group first, the one for all last. */
function groupsOf(origin: Origin, { reason, limit, tenant, key_id, client_ip }: EntryFields): Group[] {
  const all = { reason, limit }
  if (origin === 'admitted') return [{ tenant, limit }, all]
  if (origin === 'anonymous') return [{ client_ip, ...all }, all]
  // The holder of a key that is no longer accepted need not be its tenant: key and address tell such callers apart.
  return [{ tenant, key_id, client_ip, ...all }, { tenant, ...all }, all]
}

type Group = Pick<EntryFields, 'tenant' | 'key_id' | 'client_ip' | 'reason' | 'limit'>

/** How many kinds of a tenant are counted apart, and how many of its entries were written one by one. */
type Share = { kinds: number; written: number }

function emptyRooms(): Readonly<Record<Origin, OriginQuota>> {
  return { admitted: new OriginQuota(), proven: new OriginQuota(), anonymous: new OriginQuota() }
}

class OriginQuota {
  readonly floods = new Map<string, RejectionCount>()
  /** By tenant; all past the bound share one. */
  readonly #shares = new Map<string, Share>()
  #written = 0

  /** The flood of the narrowest group that has one, or that may still get one. There are few groups for all: they may. */
  floodOf({ code }: EntryFields, groups: readonly Group[]): RejectionCount {
    for (const [index, group] of groups.entries()) {
      const { reason, limit, tenant, key_id, client_ip } = group
      const name = [code, reason, limit, tenant, key_id, client_ip].join(' ')
      const known = this.floods.get(name)
      if (known) return known
      if (index < groups.length - 1 && !this.#takesKind(group)) continue
      const flood = new RejectionCount(group)
      this.floods.set(name, flood)
      return flood
    }
    throw new Error('a rejection belongs to no group')
  }

  #takesKind({ tenant, client_ip }: Group): boolean {
    if (this.floods.size >= kindsBound) return false
    if (tenant === undefined || client_ip === undefined) return true
    const share = this.#shareOf(tenant)
    return share.kinds < kindsPerTenant && ++share.kinds > 0
  }

  /** Whether one more entry may be written in this interval; counts it. */
  admits({ tenant }: EntryFields): boolean {
    const share = tenant === undefined ? null : this.#shareOf(tenant)
    if (this.#written >= writtenTotal || (share !== null && share.written >= writtenPerTenant)) return false
    this.#written++
    if (share !== null) share.written++
    return true
  }

  #shareOf(tenant: string): Share {
    const name = this.#shares.has(tenant) || this.#shares.size < kindsBound ? tenant : ''
    const share = this.#shares.get(name) ?? { kinds: 0, written: 0 }
    this.#shares.set(name, share)
    return share
  }
}
