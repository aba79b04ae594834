import { existsSync, readdirSync, readlinkSync, readSync, realpathSync, type Stats, statSync } from 'node:fs'
import { type StoreFault, storeFault } from '../store-fault.ts'

/** The file of the store, and the two that SQLite keeps beside it: its log, and the index of the log. */
const parts = ['file', 'log', 'index'] as const
type Part = (typeof parts)[number]

/** Unique to a file until it is closed. */
type Identity = { readonly dev: number; readonly ino: number }

/** A log grows by frames, each a page with its header. Most commits write over older ones, so that it does not grow. */
const frameBytes = 4120
/** How many frames are looked for at a time in a log that has grown. */
const growthFrames = [64, 1]

/**
 * The files that the connections of this process have open, compared with those at their paths now. What is written to a file
 * that is no longer at its path is lost with the process. The log gets a `stat` only as a last resort: since Linux 6.13 that makes
 * the next sync include the file's times, which takes half as long again.
 */
export class OpenedFiles {
  readonly #paths: Readonly<Record<Part, string>>
  readonly #known: Readonly<Record<Part, Identity | undefined>>
  /** SQLite's own descriptor of the log, where the system lists descriptors. */
  #logDescriptor: number | undefined
  /** The size of the log as last seen, in bytes. */
  #logSize: number

  /** Of a store that was just opened. Throws a store fault when this process has files open that are not at their paths. */
  constructor(path: string) {
    // SQLite follows a link first, and keeps the log beside the file that it finds.
    const real = existsSync(path) ? realpathSync(path) : path
    this.#paths = { file: path, log: `${real}-wal`, index: `${real}-shm` }
    const log = at(this.#paths.log)
    this.#known = { file: at(path), log, index: at(this.#paths.index) }
    this.#logSize = log?.size ?? 0
    this.#compareOpen({ ...this.#paths, file: real })
  }

  /** By the list of descriptors. The files are not opened: closing a descriptor of a file drops the locks on it. */
  #compareOpen(names: Readonly<Record<Part, string>>): void {
    for (const descriptor of descriptors()) {
      const name = nameOf(descriptor)
      // Linux appends the second to the name of a removed file.
      const part = parts.find(part => name === names[part] || name === `${names[part]} (deleted)`)
      const identity = part && at(`${descriptorFolder}/${descriptor}`)
      if (!identity) continue
      if (!isSame(identity, this.#known[part])) throw faultOf(part)
      if (part === 'log') this.#logDescriptor = descriptor
    }
  }

  /** Whether both are the same file of a store. */
  hasSameFile(other: OpenedFiles): boolean {
    return isSame(this.#known.file, other.#known.file)
  }

  /** Whether this file is the one that is open. */
  isInPlace(part: Part): boolean {
    return isSame(at(this.#paths[part]), this.#known[part])
  }

  /** Throws a store fault when a file is no longer at its path: `replaced` for the file of the store, else `log_removed`. */
  requireInPlace(replaced: 'replaced' | 'replaced_meanwhile' = 'replaced'): void {
    if (!this.isInPlace('file')) throw storeFault(replaced)
    if (!this.#isLogInPlace()) throw faultOf('log')
    if (!this.isInPlace('index')) throw faultOf('index')
    this.#noteGrowth()
  }

  #noteGrowth(): void {
    if (this.#logDescriptor === undefined)
      this.#logSize = Math.max(this.#logSize, at(this.#paths.log)?.size ?? 0)
    else if (this.#logHas(this.#logSize + frameBytes))
      for (const frames of growthFrames)
        while (this.#logHas(this.#logSize + frames * frameBytes)) this.#logSize += frames * frameBytes
  }

  /**
   * Throws a store fault when the log has been cut: the next commit would leave a hole in it, which would be copied over pages
   * of the file. `length` gives its length by the index, and is called only for a shorter log: others may have begun it again.
   * A log that is no longer at its path is left to `requireInPlace`.
   */
  requireWholeLog(length: () => number): void {
    if (this.#logSize > 0 && this.#logHas(this.#logSize)) return
    const log = at(this.#paths.log)
    if (!log || !isSame(log, this.#known.log)) return
    if (log.size < this.#logSize && log.size < length()) throw faultOf('log')
    this.#logSize = log.size
  }

  /** Whether the log and its index are in place, gone, or replaced by those of another process. */
  logState(): 'in_place' | 'gone' | 'begun_by_others' {
    if (this.isInPlace('log')) {
      if (this.isInPlace('index')) return 'in_place'
      return at(this.#paths.index) ? 'begun_by_others' : 'gone'
    }
    // Opening the store creates an empty log: only one that was written to counts.
    return (at(this.#paths.log)?.size ?? 0) > 0 ? 'begun_by_others' : 'gone'
  }

  /** By the name of its descriptor, which changes when the file is removed or moved. */
  #isLogInPlace(): boolean {
    const descriptor = this.#logDescriptor
    if (descriptor !== undefined && nameOf(descriptor) === this.#paths.log) return true
    return this.isInPlace('log')
  }

  /** Whether the open log has so many bytes. False also when it cannot be read. */
  #logHas(bytes: number): boolean {
    try {
      return (
        this.#logDescriptor !== undefined && readSync(this.#logDescriptor, oneByte, 0, 1, bytes - 1) === 1
      )
    } catch {
      // The callers go by its size then.
      return false
    }
  }
}

const oneByte = Buffer.alloc(1)

function faultOf(part: Part): StoreFault {
  return storeFault(part === 'file' ? 'replaced' : 'log_removed')
}

function at(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev
}

const descriptorFolder = '/proc/self/fd'

function descriptors(): number[] {
  try {
    return readdirSync(descriptorFolder).map(Number)
  } catch {
    // Only Linux has the list. Elsewhere the files at the paths count as those that were just opened.
    return []
  }
}

function nameOf(descriptor: number): string {
  try {
    return readlinkSync(`${descriptorFolder}/${descriptor}`)
  } catch {
    // Closed meanwhile.
    return ''
  }
}
