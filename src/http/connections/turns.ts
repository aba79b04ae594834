/** What waits for its turn. */
export type Waiting = { turn(): void }

/**
 * In each turn of the event loop a few go on, and the others wait in line, so that everything else is served in between.
 * One that waits again goes to the end.
 */
export class Turns {
  readonly #perTurn: number
  readonly #waiting = new Set<Waiting>()
  /** How many may still go on in this turn. */
  #left: number
  #scheduled = false

  /** With one half, one goes on in every second turn. */
  constructor(perTurn: number) {
    this.#perTurn = perTurn
    this.#left = Math.max(1, perTurn)
  }

  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /** Whether one that does not wait may go on now: it counts as one of this turn. */
  goOn(): boolean {
    if (this.busy || this.#left < 1) return false
    this.#left--
    this.#schedule()
    return true
  }

  add(one: Waiting): void {
    this.#waiting.add(one)
    this.#schedule()
  }

  remove(one: Waiting): void {
    this.#waiting.delete(one)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    this.#left = Math.min(Math.max(1, this.#perTurn), this.#left + this.#perTurn)
    for (const one of this.#waiting) {
      if (this.#left < 1) break
      this.#left--
      this.#waiting.delete(one)
      one.turn()
    }
    if (this.busy) this.#schedule()
  }
}
