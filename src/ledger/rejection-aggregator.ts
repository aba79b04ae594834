import { timestamp } from '../base/timestamp.ts'
import type { EntryFields, RejectionFields } from './entry/entry.ts'
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

  note(rejection: RejectionFields): void {
    this.#timer ??= setTimeout(() => this.#endInterval(), intervalMs).unref()
    const at = timestamp()
    const origin = originOf(rejection)
    const room = this.#rooms[origin]
    const flood = room.floodOf(rejection, groupings[origin])
    if (this.#isHealthy() && ++flood.noted <= writtenEach && room.admits(rejection))
      this.#write({ at, kind: 'call.rejected', ...rejection })
    else flood.count(at, rejection)
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

function originOf({ tenant, reason }: RejectionFields): Origin {
  if (tenant === undefined) return 'anonymous'
  return reason === undefined ? 'admitted' : 'proven'
}

type Member = 'tenant' | 'key_id' | 'client_ip' | 'reason' | 'limit'

/** By what rejections are counted, besides their code: the narrowest grouping first, the one for all last. */
const groupings: Readonly<Record<Origin, readonly (readonly Member[])[]>> = {
  admitted: [['tenant', 'limit'], ['limit']],
  // The holder of a key that is no longer accepted need not be its tenant: key and address tell such callers apart.
  proven: [
    ['tenant', 'key_id', 'client_ip', 'reason', 'limit'],
    ['tenant', 'reason', 'limit'],
    ['reason', 'limit']
  ],
  anonymous: [
    ['client_ip', 'reason', 'limit'],
    ['reason', 'limit']
  ]
}

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
  floodOf(rejection: RejectionFields, grouping: readonly (readonly Member[])[]): RejectionCount {
    for (let index = 0; ; index++) {
      const members = grouping[index] as readonly Member[]
      const isLast = index === grouping.length - 1
      let name = `${index} ${rejection.code}`
      for (const member of members) name += ` ${rejection[member]}`
      const known = this.floods.get(name)
      if (known) return known
      if (!isLast && !this.#takesKind(rejection, members)) continue
      const flood = new RejectionCount(Object.fromEntries(members.map(member => [member, rejection[member]])))
      this.floods.set(name, flood)
      return flood
    }
  }

  #takesKind({ tenant = '' }: RejectionFields, members: readonly Member[]): boolean {
    if (this.floods.size >= kindsBound) return false
    if (!members.includes('key_id')) return true
    const share = this.#shareOf(tenant)
    return share.kinds < kindsPerTenant && ++share.kinds > 0
  }

  /** Whether one more entry may be written in this interval; counts it. */
  admits({ tenant }: RejectionFields): boolean {
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
