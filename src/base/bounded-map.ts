/**
 * A map of at most `bound` entries: those set longest ago go first. An eighth goes at once, as a Map passes over all that was
 * deleted before its first key: one by one, each would cost as much as the whole map has entries.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #bound: number

  constructor(bound: number) {
    super()
    this.#bound = bound
  }

  override set(key: K, value: V): this {
    // Deleted first: a Map keeps the position of a key that is set again.
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#bound) this.#evict(Math.max(1, this.#bound >> 3))
    return this
  }

  #evict(count: number): void {
    for (const key of this.keys().take(count)) this.delete(key)
  }
}
