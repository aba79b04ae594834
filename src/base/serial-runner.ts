/** Does one piece of work after the other, in the order in which they were given. */
export class SerialRunner {
  #last: Promise<void> = Promise.resolve()

  /** Resolves, or rejects, as the work does once its turn has come. */
  run(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    // Whoever gave the work sees it fail; the next must get its turn all the same.
    this.#last = done.catch(() => {})
    return done
  }

  /** Resolves when all that was given so far has been done. */
  get idle(): Promise<void> {
    return this.#last
  }
}
