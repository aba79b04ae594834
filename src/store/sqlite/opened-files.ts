import { existsSync, readdirSync, readlinkSync, readSync, realpathSync, type Stats, statSync } from 'node:fs'
import { type StoreFault, storeFault } from '../store-fault.ts'

/** The file of the store, and the two that SQLite keeps beside it: its log, and the index of the log. */
type Part = 'file' | 'log' | 'index'

type OpenPart = { readonly part: Part; readonly identity: Identity; readonly descriptor: number }

/** A file that is open keeps these to itself: no other file has both until it is closed. */
type Identity = { readonly dev: number; readonly ino: number }

/** By how much a log grows: by frames, each a page with its header. More than one at a time, where many are written at once. */
const growthBytes = [64 * 4120, 4120]

/**
 * Which files the connections of this process have open, compared with those at the paths now. What is written to a file
 * that is no longer at its path is lost with the process. `stat` looks at the log only as a last resort: since Linux 6.13 it
 * makes the sync of the next write include the file's times, which takes half as long again.
 */
export class OpenedFiles {
  readonly #paths: Readonly<Record<Part, string>>
  readonly #known: Readonly<Record<Part, Identity | undefined>>
  /** SQLite's own descriptor of the log, where the system tells it. */
  #logDescriptor: number | undefined
  /** The size of the log as last seen, in bytes. */
  #logSize: number

  /**
   * Of a store on which a connection has just been opened and has read. Throws a store fault when any connection of this
   * process, that one or another, has files open that are not at their paths.
   */
  constructor(path: string) {
    // SQLite follows a link first, and keeps the log beside the file that it finds.
    const real = existsSync(path) ? realpathSync(path) : path
    this.#paths = { file: path, log: `${real}-wal`, index: `${real}-shm` }
    const log = at(this.#paths.log)
    this.#known = { file: at(path), log, index: at(this.#paths.index) }
    this.#logSize = log?.size ?? 0
    for (const { part, identity, descriptor } of openParts({ ...this.#paths, file: real })) {
      if (!isSame(identity, this.#known[part])) throw faultOf(part)
      if (part === 'log') this.#logDescriptor = descriptor
    }
  }

  /** Whether the same file was opened as by the connection that these are of. */
  hasSameFile(other: OpenedFiles): boolean {
    return isSame(this.#known.file, other.#known.file)
  }

  /** Whether the file of the store, whatever is beside it, is the one that is open. */
  isFileInPlace(): boolean {
    return this.#isInPlace('file')
  }

  /** Throws a store fault when one of the files is no longer at its path, `replaced` for the file of the store. */
  requireInPlace(replaced: 'replaced' | 'replaced_meanwhile' = 'replaced'): void {
    if (!this.#isInPlace('file')) throw storeFault(replaced)
    if (!this.#isLogInPlace()) throw faultOf('log')
    if (!this.#isInPlace('index')) throw faultOf('index')
    if (this.#logDescriptor === undefined)
      this.#logSize = Math.max(this.#logSize, at(this.#paths.log)?.size ?? 0)
    else for (const bytes of growthBytes) while (this.#logHas(this.#logSize + bytes)) this.#logSize += bytes
  }

  /**
   * Throws a store fault when the log has been cut: what is committed next would leave a hole in it, which is copied over the
   * pages of the file. `length` gives how long it has to be: it is asked when the log has become shorter, as others may
   * have begun it again. One that is not in its place is found by `requireInPlace`.
   */
  requireWholeLog(length: () => number): void {
    if (this.#logSize > 0 && this.#logHas(this.#logSize)) return
    const log = at(this.#paths.log)
    if (!log || !isSame(log, this.#known.log)) return
    if (log.size < this.#logSize && log.size < length()) throw faultOf('log')
    this.#logSize = log.size
  }

  /**
   * What has become of the log: in place with its index, gone without another, or no longer where others look because
   * another was begun by somebody else.
   */
  logState(): 'in_place' | 'gone' | 'begun_by_others' {
    if (this.#isInPlace('log')) {
      if (this.#isInPlace('index')) return 'in_place'
      return at(this.#paths.index) ? 'begun_by_others' : 'gone'
    }
    // Whoever opens the store makes an empty one: only what has been written to it counts.
    return (at(this.#paths.log)?.size ?? 0) > 0 ? 'begun_by_others' : 'gone'
  }

  /** Whether the index of the log, which all connections of a process share, is the one that others use. */
  isIndexInPlace(): boolean {
    return this.#isInPlace('index')
  }

  /** By the name that the system has for the descriptor: it is another one when the file has been removed or moved. */
  #isLogInPlace(): boolean {
    const descriptor = this.#logDescriptor
    if (descriptor !== undefined && nameOf(descriptor) === this.#paths.log) return true
    return this.#isInPlace('log')
  }

  /** Whether the log that is open has so many bytes, as far as that can be read. */
  #logHas(bytes: number): boolean {
    try {
      return (
        this.#logDescriptor !== undefined && readSync(this.#logDescriptor, oneByte, 0, 1, bytes - 1) === 1
      )
    } catch {
      // Then its size tells.
      return false
    }
  }

  #isInPlace(part: Part): boolean {
    return isSame(at(this.#paths[part]), this.#known[part])
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

/**
 * The parts that this process has open, by the list of its descriptors where the system has one: what SQLite has open
 * cannot be asked otherwise. Nothing is opened for it: to close a descriptor of a file drops the locks on it.
 */
function* openParts(paths: Readonly<Record<Part, string>>): Generator<OpenPart> {
  const parts = new Map<string, Part>()
  // The system adds the second to what has been removed.
  for (const part of ['file', 'log', 'index'] as const)
    for (const name of [paths[part], `${paths[part]} (deleted)`]) parts.set(name, part)
  for (const descriptor of descriptors()) {
    const part = parts.get(nameOf(descriptor))
    const identity = part && at(`${descriptorFolder}/${descriptor}`)
    if (part && identity) yield { part, identity, descriptor }
  }
}

const descriptorFolder = '/proc/self/fd'

function descriptors(): number[] {
  try {
    return readdirSync(descriptorFolder).map(Number)
  } catch {
    // Only Linux has the list: elsewhere the files at the paths are taken for those that were just opened.
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
