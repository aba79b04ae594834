import { closeSync, fstatSync, openSync, readSync, write as writeToFile } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

/** Writes text without waiting. */
export type Sink = {
  readonly waiting: number
  /** `failing`: writes are tried again. `gone`: nothing can be written any more. */
  readonly state: 'open' | 'failing' | 'gone'
  write(text: string): void
  /** Resolves when all text is written, or can never be. */
  drained(): Promise<void>
}

/** Resolves to how many bytes it wrote, at least one, or rejects. */
export type WriteBytes = (bytes: Buffer) => Promise<number>

/** Writes pipes and sockets through the event loop, which never blocks on them, and files through the thread pool. */
export function openSink(fd: number): Sink {
  const kind = fstatSync(fd)
  if (kind.isFIFO() || kind.isSocket()) return new StreamSink(fd)
  const write = promisify(writeToFile)
  const sink = new FileSink(async bytes => (await write(fd, bytes)).bytesWritten)
  if (kind.isFile() && endsWithinLine(fd, kind.size)) sink.write('\n')
  return sink
}

/** Whether a file ends within a line, as a full disk leaves it; false where it cannot be read. */
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

const retryMs = 250

/** A file or a terminal. A failed write is repeated from the byte at which it stopped: a full disk cuts and loses no line. */
export class FileSink implements Sink {
  readonly #writeBytes: WriteBytes
  /** Under way, and what follows it. */
  #current = Buffer.alloc(0)
  #behind = ''
  #isFailing = false
  #writing: Promise<void> | null = null

  constructor(writeBytes: WriteBytes) {
    this.#writeBytes = writeBytes
  }

  get waiting(): number {
    return this.#current.length + this.#behind.length
  }

  get state(): 'open' | 'failing' {
    return this.#isFailing ? 'failing' : 'open'
  }

  write(text: string): void {
    this.#behind += text
    if (this.#behind !== '') this.#writing ??= this.#writeAll()
  }

  async drained(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#behind !== '') {
      this.#current = Buffer.from(this.#behind)
      this.#behind = ''
      while (this.#current.length > 0) this.#current = this.#current.subarray(await this.#writeSome())
    }
    this.#writing = null
  }

  /** Returns how much was written: nothing after a failure, and a pause. */
  async #writeSome(): Promise<number> {
    const written = await this.#writeBytes(this.#current).catch(() => 0)
    this.#isFailing = written === 0
    if (this.#isFailing) await new Promise(resolve => setTimeout(resolve, retryMs).unref())
    return written
  }
}
