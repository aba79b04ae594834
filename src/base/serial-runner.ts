/** Runs one piece of work after the other, in the order given. */
export class SerialRunner {
  #last: Promise<void> = Promise.resolve()

  /** Settles as the work does. */
  run(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    // The caller gets the error; the next work runs all the same.
    this.#last = done.catch(() => {})
    return done
  }

  /** Resolves when all work given so far is done. */
  get idle(): Promise<void> {
    return this.#last
  }
}
