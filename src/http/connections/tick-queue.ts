/** Calls a few functions in each turn of the event loop; the others wait in line. Everything else is served in between. */
export class TickQueue {
  readonly #perTick: number
  readonly #waiting = new Set<() => void>()
  /** How many calls this turn still has. */
  #left: number
  #scheduled = false

  /** With `perTick` one half, a function is called in every second turn. */
  constructor(perTick: number) {
    this.#perTick = perTick
    this.#left = Math.max(1, perTick)
  }

  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /** Whether work that does not wait may be done now; it counts as one call of this turn. */
  tryPass(): boolean {
    if (this.busy || this.#left < 1) return false
    this.#left--
    this.#schedule()
    return true
  }

  add(entry: () => void): void {
    this.#waiting.add(entry)
    this.#schedule()
  }

  remove(entry: () => void): void {
    this.#waiting.delete(entry)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    this.#left = Math.min(Math.max(1, this.#perTick), this.#left + this.#perTick)
    for (const entry of this.#waiting) {
      if (this.#left < 1) break
      this.#left--
      this.#waiting.delete(entry)
      entry()
    }
    if (this.busy) this.#schedule()
  }
}
