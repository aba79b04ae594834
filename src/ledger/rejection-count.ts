import type { EntryFields } from './entry/entry.ts'

/** How many seconds are counted apart. An entry for a longer interval, while the store fails, holds the total alone. */
const secondsBound = 60

/** Rejections of one kind: how many have been noted in this interval, and the entry for those not written one by one. */
export class RejectionCount {
  noted = 0
  /** What all of the kind have in common besides their code. */
  readonly #group: Partial<EntryFields>
  #first: EntryFields | null = null
  #lastAt = ''
  #count = 0
  readonly #perSecond: number[] = []
  #isLong = false

  constructor(group: Partial<EntryFields>) {
    this.#group = group
  }

  count(rejection: EntryFields): void {
    this.#first ??= rejection
    this.#lastAt = rejection.at
    this.#count++
    // While a clock is set back, the first second counts: the counts of all seconds must add up to the total.
    const second = Math.max(0, secondOf(rejection) - secondOf(this.#first))
    if (second < secondsBound) this.#perSecond[second] = (this.#perSecond[second] ?? 0) + 1
    else this.#isLong = true
  }

  /** The entry for those that were counted; null when all were written one by one. */
  aggregate(at: string): EntryFields | null {
    if (this.#first === null) return null
    const { at: first_at, kind, code, status } = this.#first
    const total = {
      at,
      kind,
      first_at,
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

function secondOf({ at }: EntryFields): number {
  return Math.floor(Date.parse(at) / 1000)
}
