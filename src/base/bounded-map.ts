/**
 * A map of at most `bound` entries: past it, the eighth that was set longest ago goes. One by one, each deletion would pass over
 * all earlier ones.
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
