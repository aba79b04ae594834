/** What waits for its turn. */
export type Waiting = { turn(): void }

/**
 * Who has more to do than one thing waits in line: in each turn of the event loop a few go on, the longest waiting
 * first, so that others are served in between. Who waits once more goes to the end.
 */
export class Turns {
  readonly #perTurn: number
  readonly #waiting = new Set<Waiting>()
  #scheduled = false

  constructor(perTurn: number) {
    this.#perTurn = perTurn
  }

  get busy(): boolean {
    return this.#waiting.size > 0
  }

  add(one: Waiting): void {
    this.#waiting.add(one)
    this.#schedule()
  }

  remove(one: Waiting): void {
    this.#waiting.delete(one)
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    let left = this.#perTurn
    for (const one of this.#waiting) {
      if (left-- === 0) break
      this.#waiting.delete(one)
      one.turn()
    }
    this.#schedule()
  }
}
