/** Runs work in the order of the calls, one at a time. */
export class SerialRunner {
  #last: Promise<void> = Promise.resolve()

  run(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    // The caller gets the error; the next work runs anyway.
    this.#last = done.catch(() => {})
    return done
  }

  /** Resolves when all work given so far is done. */
  get idle(): Promise<void> {
    return this.#last
  }
}
