/** A connection for which bytes are kept: what it sent too early, and what it does not read. */
export type Keeper = {
  /** How many bytes are kept for it. */
  readonly kept: number
  readonly known: boolean
  /** Ends it, at once. */
  end(): void
}

/**
 * Counts the bytes that are kept for all connections. Past the bound those end for whom bytes are kept longest,
 * strangers first, until the rest is within it.
 */
export class KeptBytes {
  readonly #bound: number
  readonly #keepers = new Map<Keeper, number>()
  #total = 0
  /** How many connections ended for the bound so far. */
  ended = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  get total(): number {
    return this.#total
  }

  /** Takes note of what is kept for a connection now. */
  note(keeper: Keeper): void {
    const bytes = keeper.kept
    this.#total += bytes - (this.#keepers.get(keeper) ?? 0)
    if (bytes === 0) this.#keepers.delete(keeper)
    else this.#keepers.set(keeper, bytes)
    while (this.#total > this.#bound) this.#endOne()
  }

  /** For a connection that has ended. */
  forget(keeper: Keeper): void {
    this.#total -= this.#keepers.get(keeper) ?? 0
    this.#keepers.delete(keeper)
  }

  #endOne(): void {
    const [longest] = this.#keepers.keys()
    const keeper = this.#keepers.keys().find(({ known }) => !known) ?? longest
    if (keeper === undefined) return
    this.forget(keeper)
    this.ended++
    keeper.end()
  }
}
