import type { EntryFields } from './entry/entry.ts'

/** How many seconds are counted apart. An entry for a longer interval, while the store fails, holds the total alone. */
const secondsBound = 60

/** Rejections of one kind: how many have been noted in this interval, and the entry for those not written one by one. */
export class RejectionCount {
  noted = 0
  /** What all of the kind have in common besides their code. */
  readonly #group: Partial<EntryFields>
  #aggregate: EntryFields | null = null
  #count = 0
  #perSecond: number[] | null = []
  #firstSecond = 0

  constructor(group: Partial<EntryFields>) {
    this.#group = group
  }

  /** The entry for those that were counted; null when all were written one by one. */
  aggregate(at: string): EntryFields | null {
    if (this.#aggregate === null) return null
    // When all were in one second, the first and the last time say so.
    const seconds = this.#perSecond && this.#perSecond.length > 1 && { per_second: this.#perSecond }
    return { ...this.#aggregate, at, count: this.#count, ...seconds }
  }

  /** Counts one that is not written. */
  count({ at, kind, code, status }: EntryFields): void {
    const second = Math.floor(Date.parse(at) / 1000)
    if (this.#aggregate === null) {
      this.#firstSecond = second
      this.#aggregate = { at, kind, first_at: at, last_at: at, code, status, ...this.#group }
    }
    this.#count++
    this.#aggregate.last_at = at
    this.#countIn(second)
  }

  #countIn(second: number): void {
    if (this.#perSecond === null) return
    // While a clock is set back, the first second counts: the counts of all seconds must add up to the total.
    const index = Math.max(0, second - this.#firstSecond)
    if (index >= secondsBound) {
      this.#perSecond = null
      return
    }
    while (this.#perSecond.length <= index) this.#perSecond.push(0)
    this.#perSecond[index] = (this.#perSecond[index] ?? 0) + 1
  }
}
