import { createWriteStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/** Lines go out together, when so many bytes wait or so much time has passed: a write for each would cost too much. */
const flushBytes = 65_536
const flushMs = 100
/** When the reader stalls, lines are dropped, and counted, past this many bytes: the gateway neither waits nor grows. */
const boundBytes = 4 << 20

/** Where log lines go. Never blocks the event loop, not even when the other end of a pipe has stopped reading. */
export class LogDestination {
  readonly #stream: Writable
  #lines: string[] = []
  #bytes = 0
  #lost = 0
  #timer: NodeJS.Timeout | null = null

  constructor(fd: number) {
    this.#stream = openStream(fd)
    // The reader has gone. Its lines have nowhere to go; calls are served on, and the ledger tells of them.
    this.#stream.on('error', () => this.#stream.destroy())
  }

  write(line: string): void {
    if (this.#bytes + this.#stream.writableLength > boundBytes) {
      this.#lost++
      return
    }
    this.#lines.push(line)
    this.#bytes += line.length
    if (this.#bytes >= flushBytes) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), flushMs)
  }

  /** Writes what waits. Resolves when it is written, or after `waitMs` when the reader does not take it. */
  async end(waitMs: number): Promise<void> {
    this.#flush()
    if (this.#stream.destroyed) return
    await new Promise<void>(resolve => {
      this.#stream.write('', () => resolve())
      setTimeout(resolve, waitMs)
    })
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lost > 0 && this.#stream.writableLength < boundBytes / 2) {
      this.#lines.push(
        `{"level":40,"time":"${new Date().toISOString()}","lost":${this.#lost},"msg":"log lines lost"}\n`
      )
      this.#lost = 0
    }
    if (this.#lines.length > 0 && !this.#stream.destroyed) this.#stream.write(this.#lines.join(''))
    this.#lines = []
    this.#bytes = 0
  }
}

/** Pipes and sockets through the event loop, which never blocks on them; files through the thread pool. */
function openStream(fd: number): Writable {
  const kind = fstatSync(fd)
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd, readable: false, writable: true })
  return createWriteStream('', { fd, autoClose: false })
}
