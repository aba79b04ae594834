export type Timed = { readonly atUs: number }

type Node<T> = { readonly item: T; readonly order: number }

/** A binary heap by time (microseconds since 1970), then by the order of `put`. */
export class EarliestFirst<T extends Timed> {
  readonly #heap: Node<T>[] = []
  #order = 0

  /** Infinite when there is none. */
  get earliestUs(): number {
    return this.#heap[0]?.item.atUs ?? Number.POSITIVE_INFINITY
  }

  put(item: T): void {
    const added = { item, order: this.#order++ }
    let index = this.#heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#heap[parent]
      if (!isBefore(added, above)) break
      this.#heap[index] = above as Node<T>
      index = parent
    }
    this.#heap[index] = added
  }

  take(): T | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last && this.#heap.length > 0) this.#sink(last)
    return first?.item
  }

  #sink(moved: Node<T>): void {
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const child = isBefore(this.#heap[left + 1], this.#heap[left]) ? left + 1 : left
      const below = this.#heap[child]
      if (!below || !isBefore(below, moved)) break
      this.#heap[index] = below
      index = child
    }
    this.#heap[index] = moved
  }
}

/** An absent node comes before none. */
function isBefore(one: Node<Timed> | undefined, other: Node<Timed> | undefined): boolean {
  if (!one || !other) return false
  return one.item.atUs < other.item.atUs || (one.item.atUs === other.item.atUs && one.order < other.order)
}
