import { closeSync, fstatSync, openSync, readSync, write as writeToFile } from 'node:fs'
import { Socket } from 'node:net'

/** Takes text that nobody waits for. */
export type Sink = {
  /** How much is not written yet. */
  readonly waiting: number
  /** `failing`: writes are tried again. `gone`: nothing can be written any more. */
  readonly state: 'open' | 'failing' | 'gone'
  write(text: string): void
  /** Resolves when all text is written, or can never be. */
  drained(): Promise<void>
}

/** As `fs.write`. */
export type WriteBytes = (
  fd: number,
  bytes: Buffer,
  offset: number,
  length: number,
  position: null,
  done: (error: NodeJS.ErrnoException | null, written: number) => void
) => void

/** Writes pipes and sockets through the event loop, which never blocks on them, and files through the thread pool. */
export function openSink(fd: number): Sink {
  const kind = fstatSync(fd)
  if (kind.isFIFO() || kind.isSocket()) return new StreamSink(fd)
  const sink = new FileSink(fd)
  if (kind.isFile() && endsWithinLine(fd, kind.size)) sink.write('\n')
  return sink
}

/**
 * Whether a file ends with half a line, as a process leaves it that ended while the disk was full: the first line of this one
 * must not continue it. False where the file cannot be read.
 */
function endsWithinLine(fd: number, size: number): boolean {
  if (size === 0) return false
  try {
    const reading = openSync(`/proc/self/fd/${fd}`, 'r')
    try {
      const last = Buffer.alloc(1)
      return readSync(reading, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
    } finally {
      closeSync(reading)
    }
  } catch {
    return false
  }
}

/** A pipe or a socket. Once its reader has gone, lines are lost; calls are still served, and the ledger records them. */
class StreamSink implements Sink {
  readonly #stream: Socket

  constructor(fd: number) {
    this.#stream = new Socket({ fd, readable: false, writable: true })
    this.#stream.on('error', () => this.#stream.destroy())
  }

  get waiting(): number {
    return this.#stream.writableLength
  }

  get state(): 'open' | 'gone' {
    return this.#stream.destroyed ? 'gone' : 'open'
  }

  write(text: string): void {
    if (!this.#stream.destroyed) this.#stream.write(text)
  }

  async drained(): Promise<void> {
    if (this.#stream.destroyed) return
    await new Promise<void>(resolve => this.#stream.write('', () => resolve()))
  }
}

/** The pause after a failed write. */
const retryMs = 250

/** A file or a terminal. A failed write is repeated from the byte at which it stopped: a full disk cuts and loses no line. */
export class FileSink implements Sink {
  readonly #fd: number
  readonly #writeBytes: WriteBytes
  /** Under way, and what follows it. */
  #current = Buffer.alloc(0)
  #behind: string[] = []
  #behindLength = 0
  #isWriting = false
  #isFailing = false
  #onDrained: (() => void)[] = []

  constructor(fd: number, writeBytes: WriteBytes = writeToFile) {
    this.#fd = fd
    this.#writeBytes = writeBytes
  }

  get waiting(): number {
    return this.#current.length + this.#behindLength
  }

  get state(): 'open' | 'failing' {
    return this.#isFailing ? 'failing' : 'open'
  }

  write(text: string): void {
    this.#behind.push(text)
    this.#behindLength += text.length
    if (!this.#isWriting) this.#next()
  }

  async drained(): Promise<void> {
    if (this.#isWriting) await new Promise<void>(resolve => this.#onDrained.push(resolve))
  }

  #next(): void {
    if (this.#current.length === 0) {
      this.#current = Buffer.from(this.#behind.join(''))
      this.#behind = []
      this.#behindLength = 0
    }
    this.#isWriting = this.#current.length > 0
    if (this.#isWriting)
      this.#writeBytes(this.#fd, this.#current, 0, this.#current.length, null, this.#written)
    else for (const resolve of this.#onDrained.splice(0)) resolve()
  }

  readonly #written = (error: NodeJS.ErrnoException | null, written: number): void => {
    this.#isFailing = error !== null || written === 0
    if (this.#isFailing) setTimeout(() => this.#next(), retryMs).unref()
    else {
      this.#current = this.#current.subarray(written)
      this.#next()
    }
  }
}
