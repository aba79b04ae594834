import type { EntryFields } from './entry/entry.ts'

/**
 * How long counts by the second are kept: while the store cannot take them an interval goes on, and what is kept in memory has
 * a bound. An entry for longer tells only how many there were in all.
 */
const secondsBound = 60

/** Rejections of one kind: how many have been noted in this interval, and the entry for those not written one by one. */
export class Flood {
  noted = 0
  readonly #who: Partial<EntryFields>
  #aggregate: EntryFields | null = null
  #count = 0
  #perSecond: number[] | null = []
  #firstSecond = 0

  /** `who` is what all of the kind have in common besides their code. */
  constructor(who: Partial<EntryFields>) {
    this.#who = who
  }

  /** The entry for those that were counted; null when all were written one by one. */
  aggregate(at: string): EntryFields | null {
    if (this.#aggregate === null) return null
    const perSecond = this.#perSecond ?? []
    // The first and the last time say it when all came within one second.
    const seconds = perSecond.length > 1 && { per_second: perSecond }
    return { ...this.#aggregate, at, count: this.#count, ...seconds }
  }

  /** Counts one that is not written. */
  count({ at, kind, code, status }: EntryFields): void {
    const second = Math.floor(Date.parse(at) / 1000)
    if (this.#aggregate === null) {
      this.#firstSecond = second
      this.#aggregate = { at, kind, first_at: at, last_at: at, code, status, ...this.#who }
    }
    this.#count++
    this.#aggregate['last_at'] = at
    this.#countIn(second)
  }

  #countIn(second: number): void {
    if (this.#perSecond === null) return
    // A clock that was set back counts for the first second: what an entry says of seconds adds up to its count.
    const place = Math.max(0, second - this.#firstSecond)
    if (place >= secondsBound) {
      this.#perSecond = null
      return
    }
    while (this.#perSecond.length <= place) this.#perSecond.push(0)
    this.#perSecond[place] = (this.#perSecond[place] ?? 0) + 1
  }
}
