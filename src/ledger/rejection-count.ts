import type { EntryFields, RejectionFields } from './entry/entry.ts'

/** How many seconds are counted apart. An entry for a longer interval, while the store fails, holds the total alone. */
const secondsBound = 60

/** Rejections of one kind: how many have been noted in this interval, and the entry for those not written one by one. */
export class RejectionCount {
  noted = 0
  /** What all of the kind have in common besides their code. */
  readonly #group: Partial<EntryFields>
  #first: RejectionFields | null = null
  #firstAt = ''
  #lastAt = ''
  /** The second of the last one, counted from the first one's. */
  #second = 0
  #count = 0
  readonly #perSecond: number[] = []
  #isLong = false

  constructor(group: Partial<EntryFields>) {
    this.#group = group
  }

  count(at: string, rejection: RejectionFields): void {
    if (this.#first === null) {
      this.#first = rejection
      this.#firstAt = at
    }
    if (at !== this.#lastAt) {
      this.#lastAt = at
      // While a clock is set back, the first second counts: the counts of all seconds must add up to the total.
      this.#second = Math.max(0, secondOf(at) - secondOf(this.#firstAt))
    }
    this.#count++
    if (this.#second < secondsBound) this.#perSecond[this.#second] = (this.#perSecond[this.#second] ?? 0) + 1
    else this.#isLong = true
  }

  /** The entry for those that were counted; null when all were written one by one. */
  aggregate(at: string): EntryFields | null {
    if (this.#first === null) return null
    const { code, status } = this.#first
    const total: EntryFields = {
      at,
      kind: 'call.rejected',
      first_at: this.#firstAt,
      last_at: this.#lastAt,
      code,
      status,
      ...this.#group,
      count: this.#count
    }
    // When all were in one second, the first and the last time say so.
    if (this.#isLong || this.#perSecond.length < 2) return total
    return { ...total, per_second: Array.from(this.#perSecond, count => count ?? 0) }
  }
}

function secondOf(at: string): number {
  return Math.floor(Date.parse(at) / 1000)
}
