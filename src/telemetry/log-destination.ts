import { openSink, type Sink } from './log-sink.ts'

/** Lines go out together, when so many bytes wait or so much time has passed: a write for each would cost too much. */
const flushBytes = 65_536
const flushMs = 100
/** When nothing can be written, lines are dropped, and counted, past this many bytes: the gateway neither waits nor grows. */
const boundBytes = 4 << 20
/** For how long after its line in the log a loss is shown: whoever asks twice a minute sees it. */
const shownMs = 60_000

/** Where log lines go. Never blocks the event loop, not even when the other end of a pipe has stopped reading. */
export class LogDestination {
  readonly #sink: Sink
  readonly #nowMs: () => number
  #lines: string[] = []
  #bytes = 0
  #lost = 0
  #reportedAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(to: number | Sink, nowMs = () => performance.now()) {
    this.#sink = typeof to === 'number' ? openSink(to) : to
    this.#nowMs = nowMs
  }

  /** Whether lines cannot be written now, or some were lost within the last minute. */
  get isLosing(): boolean {
    return this.#sink.state !== 'open' || this.#lost > 0 || this.#nowMs() - this.#reportedAtMs < shownMs
  }

  write(line: string): void {
    if (this.#sink.state === 'gone' || this.#bytes + this.#sink.waiting > boundBytes) {
      this.#lost++
      this.#flushSoon()
      return
    }
    this.#lines.push(line)
    this.#bytes += line.length
    if (this.#bytes >= flushBytes) this.#flush()
    else this.#flushSoon()
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), flushMs)
  }

  /** Writes what waits. Resolves when it is written, or after `waitMs` when that cannot be done. */
  async end(waitMs: number): Promise<void> {
    this.#flush()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    await Promise.race([this.#sink.drained(), promise])
    clearTimeout(timer)
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lost > 0 && this.#sink.state !== 'gone' && this.#sink.waiting < boundBytes / 2) {
      this.#lines.push(
        `{"level":40,"time":"${new Date().toISOString()}","lost":${this.#lost},"msg":"log lines lost"}\n`
      )
      this.#lost = 0
      this.#reportedAtMs = this.#nowMs()
    }
    if (this.#lines.length > 0) this.#sink.write(this.#lines.join(''))
    this.#lines = []
    this.#bytes = 0
    // The log reports a loss as soon as it can, also when no further line comes.
    if (this.#lost > 0 && this.#sink.state !== 'gone') this.#flushSoon()
  }
}
