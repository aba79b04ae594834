import type { EntryFields } from './entry.ts'

/** How many rejections of one kind are written one by one in each interval, and how long an interval is. */
const writtenEach = 10
const intervalMs = 10_000
/** How many kinds are told apart; past it they are counted together, so that made-up addresses cost no memory. */
const kindsBound = 100
/** How many are written one by one in an interval over all kinds. */
const writtenTotal = 100

/** Whose rejections are counted together: a tenant's, an address's, or everybody's past the bound; and by whose limit. */
type Who = { tenant?: string; client_ip?: string; limit?: string }

type Flood = { who: Who; noted: number; aggregate: EntryFields | null }

/**
 * Every rejection is counted; those of one tenant (or address) and code are written one by one up to a rate, and
 * past it as one entry an interval that tells how many, the first and the last time.
 */
export class Rejections {
  readonly #write: (fields: EntryFields) => void
  readonly #isWell: () => boolean
  readonly #floods = new Map<string, Flood>()
  #timer: NodeJS.Timeout | null = null
  #written = 0

  /** While the store is not well all are counted and none is written: what waits for it would grow for as long. */
  constructor(write: (fields: EntryFields) => void, isWell: () => boolean = () => true) {
    this.#write = write
    this.#isWell = isWell
  }

  note(fields: EntryFields): void {
    this.#timer ??= setTimeout(() => this.#endInterval(), intervalMs).unref()
    const flood = this.#floodOf(fields)
    if (this.#isWell() && ++flood.noted <= writtenEach && ++this.#written <= writtenTotal) this.#write(fields)
    else if (flood.aggregate) {
      flood.aggregate['count'] = (flood.aggregate['count'] as number) + 1
      flood.aggregate['last_at'] = fields.at
    } else flood.aggregate = aggregateOf(fields, flood.who)
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
    for (const { aggregate } of this.#floods.values()) if (aggregate) this.#write({ ...aggregate, at })
    this.#floods.clear()
    this.#written = 0
  }

  #floodOf(fields: EntryFields): Flood {
    const kind = `${fields.code} ${fields.limit} ${fields.tenant ?? fields.client_ip}`
    const known = this.#floods.get(kind)
    if (known) return known
    if (this.#floods.size < kindsBound) return this.#add(kind, whoOf(fields))
    return this.#floods.get(`${fields.code}`) ?? this.#add(`${fields.code}`, {})
  }

  #add(kind: string, who: Who): Flood {
    const flood: Flood = { who, noted: 0, aggregate: null }
    this.#floods.set(kind, flood)
    return flood
  }
}

function whoOf({ tenant, client_ip, limit }: EntryFields): Who {
  const byLimit = limit === undefined ? {} : { limit }
  if (tenant !== undefined) return { tenant, ...byLimit }
  return client_ip === undefined ? byLimit : { client_ip, ...byLimit }
}

function aggregateOf({ at, kind, code, status }: EntryFields, who: Who): EntryFields {
  const outcome = { ...(code !== undefined && { code }), ...(status !== undefined && { status }) }
  return { at, kind, count: 1, first_at: at, last_at: at, ...outcome, ...who }
}
