/** An entry of a queue. */
export type Resumable = { resume(): void }

/** Lets a few entries go on in each turn of the event loop; the others wait in line. Everything else is served in between. */
export class TickQueue {
  readonly #perTick: number
  readonly #waiting = new Set<Resumable>()
  /** How many may still go on in this turn. */
  #left: number
  #scheduled = false

  /** With `perTick` one half, an entry goes on in every second turn. */
  constructor(perTick: number) {
    this.#perTick = perTick
    this.#left = Math.max(1, perTick)
  }

  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /** Whether an entry that does not wait may go on now; it counts as one of this turn. */
  tryPass(): boolean {
    if (this.busy || this.#left < 1) return false
    this.#left--
    this.#schedule()
    return true
  }

  add(entry: Resumable): void {
    this.#waiting.add(entry)
    this.#schedule()
  }

  remove(entry: Resumable): void {
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
      entry.resume()
    }
    if (this.busy) this.#schedule()
  }
}
