/** Repeats work, one run at a time, with a pause between runs. It does not keep the process alive. The work must not reject. */
export class PollLoop {
  readonly #pauseMs: () => number
  readonly #work: () => Promise<void>
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** The first run begins after a pause, or with `run`. */
  constructor(pauseMs: () => number, work: () => Promise<void>) {
    this.#pauseMs = pauseMs
    this.#work = work
    this.#schedule()
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /** A run that is still under way must have no effect. */
  get isStopped(): boolean {
    return this.#stopped
  }

  /** Begins a run now, or joins the one under way. Does nothing once stopped. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    clearTimeout(this.#timer)
    this.#running ??= this.#work().finally(() => {
      this.#running = null
      this.#schedule()
    })
    return this.#running
  }

  /** Ends with a run that begins after this call. */
  async runAgain(): Promise<void> {
    await this.#running
    await this.run()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (!this.#stopped) this.#timer = setTimeout(() => this.run(), this.#pauseMs()).unref()
  }
}
