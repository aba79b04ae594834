import { openSink, type Sink } from './log-sink.ts'

/** Lines are written together, after so many bytes or so much time: a write for each would cost too much. */
const flushBytes = 65_536
const flushMs = 100
/** While nothing can be written, lines past this many bytes are dropped and counted: the gateway neither waits nor grows. */
const boundBytes = 4 << 20
/** How long a loss shows after its line in the log: a probe every half a minute sees it. */
const shownMs = 60_000

/** Takes log lines, and never blocks the event loop, not even when the reader of a pipe has stopped. */
export class LogDestination {
  readonly #sink: Sink
  readonly #nowMs: () => number
  #text = ''
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
    if (this.#sink.state === 'gone' || this.#text.length + this.#sink.waiting > boundBytes) {
      this.#lost++
      this.#flushSoon()
      return
    }
    this.#text += line
    if (this.#text.length >= flushBytes) this.#flush()
    else this.#flushSoon()
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), flushMs)
  }

  /** Resolves when all lines are written, or after `waitMs`. */
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
      const time = new Date().toISOString()
      this.#text += `{"level":40,"time":"${time}","lost":${this.#lost},"msg":"log lines lost"}\n`
      this.#lost = 0
      this.#reportedAtMs = this.#nowMs()
    }
    if (this.#text !== '') this.#sink.write(this.#text)
    this.#text = ''
    // A loss is reported as soon as possible, also when no further line comes.
    if (this.#lost > 0 && this.#sink.state !== 'gone') this.#flushSoon()
  }
}
