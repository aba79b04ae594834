type Pending = {
  /** In monotonic milliseconds. */
  readonly deadlineAt: number
  /** Called when the deadline has passed. */
  expire(): void
}

/**
 * Ends what is still pending at its deadline. One timer serves all: nearly all end long before, and a timer for each costs
 * more than a look through all of them when it fires.
 */
export class Deadlines {
  readonly #pending: Set<Pending> = new Set()
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires. */
  #firesAt = Number.POSITIVE_INFINITY

  add(pending: Pending): void {
    this.#pending.add(pending)
    if (pending.deadlineAt < this.#firesAt) this.#startTimer(pending.deadlineAt)
  }

  /** Leaves the timer running: what is added later mostly needs it too. */
  delete(pending: Pending): void {
    this.#pending.delete(pending)
  }

  /** Stops the timer until something is added. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#firesAt = Number.POSITIVE_INFINITY
  }

  #startTimer(at: number): void {
    clearTimeout(this.#timer)
    this.#firesAt = at
    // Sockets keep the process alive while something is pending.
    this.#timer = setTimeout(this.#expireDue, Math.max(1, Math.ceil(at - performance.now()))).unref()
  }

  readonly #expireDue = (): void => {
    this.#firesAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    let earliest = Number.POSITIVE_INFINITY
    for (const pending of this.#pending) {
      if (pending.deadlineAt <= now) pending.expire()
      else earliest = Math.min(earliest, pending.deadlineAt)
    }
    if (earliest < this.#firesAt) this.#startTimer(earliest)
  }
}
