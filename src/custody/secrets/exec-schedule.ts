export type ExecScheduleOptions = {
  /** How often a command is run again. */
  readonly refreshMs: number
  /** In monotonic milliseconds. */
  readonly nowMs?: () => number
}

type Run = { readonly running: boolean; readonly endedAtMs: number; readonly failed: boolean }

/** A command that gave no key is run again after this long: what it asks may be down, and must not be hammered. */
const pauseMs = 10_000

/** When the commands of `exec:` references may be run: never twice at once, and not soon after a failure. */
export class ExecSchedule {
  readonly #refreshMs: number
  readonly #nowMs: () => number
  readonly #runs = new Map<string, Run>()

  constructor({ refreshMs, nowMs = () => performance.now() }: ExecScheduleOptions) {
    this.#refreshMs = refreshMs
    this.#nowMs = nowMs
  }

  /** Whether it may be run by who needs its key now: it is not running, and has not just failed. */
  mayRun(command: string): boolean {
    const last = this.#runs.get(command)
    if (!last) return true
    return !(last.running || (last.failed && this.#since(last) < Math.min(pauseMs, this.#refreshMs)))
  }

  /** Whether it is time to run it. One without which there is no key (`isMissing`) does not wait for its interval. */
  isDue(command: string, isMissing: boolean): boolean {
    const last = this.#runs.get(command)
    if (!last && !isMissing) this.#note(command, { running: false, failed: false })
    if (!last) return isMissing
    return this.mayRun(command) && (isMissing || last.failed || this.#since(last) >= this.#refreshMs)
  }

  /** Makes every command due that is known. Returns how many they are. */
  expire(): number {
    for (const [command, run] of this.#runs)
      if (!run.failed) this.#runs.set(command, { ...run, endedAtMs: Number.NEGATIVE_INFINITY })
    return this.#runs.size
  }

  /** Runs it. Rejects as `work` does. */
  async run<T>(command: string, work: () => Promise<T>): Promise<T> {
    this.#note(command, { running: true, failed: false })
    let failed = true
    try {
      const result = await work()
      failed = false
      return result
    } finally {
      this.#note(command, { running: false, failed })
    }
  }

  #note(command: string, run: Omit<Run, 'endedAtMs'>): void {
    this.#runs.set(command, { ...run, endedAtMs: this.#nowMs() })
  }

  #since({ endedAtMs }: Run): number {
    return this.#nowMs() - endedAtMs
  }
}
