/** What has a time, in whole microseconds since 1970. */
export type Timed = { readonly atUs: number }

type Waiting<T> = { readonly item: T; readonly order: number }

/** Gives back what was put in, the earliest first, and of the same time what came first: a binary heap. */
export class EarliestFirst<T extends Timed> {
  readonly #heap: Waiting<T>[] = []
  #order = 0

  /** The time of the earliest; infinite when there is none. */
  get earliestUs(): number {
    return this.#heap[0]?.item.atUs ?? Number.POSITIVE_INFINITY
  }

  put(item: T): void {
    const added = { item, order: this.#order++ }
    let place = this.#heap.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#heap[parent]
      if (!above || !isBefore(added, above)) break
      this.#heap[place] = above
      place = parent
    }
    this.#heap[place] = added
  }

  /** Takes the earliest out. */
  take(): T | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last && this.#heap.length > 0) this.#sink(last)
    return first?.item
  }

  #sink(moved: Waiting<T>): void {
    let place = 0
    for (;;) {
      const child = this.#earlierChild(place)
      const below = this.#heap[child]
      if (!below || !isBefore(below, moved)) break
      this.#heap[place] = below
      place = child
    }
    this.#heap[place] = moved
  }

  #earlierChild(place: number): number {
    const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]]
    return left && right && isBefore(right, left) ? 2 * place + 2 : 2 * place + 1
  }
}

function isBefore(one: Waiting<Timed>, other: Waiting<Timed>): boolean {
  const [oneUs, otherUs] = [one.item.atUs, other.item.atUs]
  return oneUs < otherUs || (oneUs === otherUs && one.order < other.order)
}
