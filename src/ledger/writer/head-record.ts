import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { replaceFile } from '../../base/durable-file.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Head } from '../entry/chain.ts'
import { asHead } from '../entry/parse-entry.ts'

/** How far, at most, a record is behind the acknowledged entries, in milliseconds. */
const recordEveryMs = 1000
const ending = '.head'

/** The folder of the records, beside the store: a file for each writer, beside its lock. */
function folderOf(storePath: string): string {
  return `${storePath}.writers`
}

/** Replaces the record of a writer durably, all or nothing. Throws what the file system throws. */
export function recordHead(storePath: string, { writer, seq, hash }: Head): void {
  const path = `${folderOf(storePath)}/${writer}${ending}`
  const text = `${JSON.stringify({ writer, seq, hash })}\n`
  try {
    // The folder is not synced: a power cut can leave the previous record, which claims less and nothing wrong.
    replaceFile(path, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // No gateway has used this store yet. Not recursive: a store's folder that was removed stays removed.
    mkdirSync(folderOf(storePath), { mode: 0o700 })
    replaceFile(path, text)
  }
}

/** Up to where entries were acknowledged, a head for each writer. Throws `store_unavailable` when that cannot be read. */
export function readHeadRecords(storePath: string): Head[] {
  const folder = folderOf(storePath)
  // Absent for a store from before there were records, a copy, or one that was moved.
  const names = unlessAbsent(folder, () => readdirSync(folder)) ?? []
  return names
    .filter(name => name.endsWith(ending))
    .flatMap(name => unlessAbsent(`${folder}/${name}`, readRecord) ?? [])
}

function readRecord(path: string): Head {
  const head = asHead(JSON.parse(readFileSync(path, 'utf8')))
  if (head) return head
  throw new SyntaxError('it holds no head')
}

/** Removes the record of one writer, if there is one. */
export function forgetHeadRecord(storePath: string, writer: string): void {
  rmSync(`${folderOf(storePath)}/${writer}${ending}`, { force: true })
}

/** What `read` returns; undefined when there is no such path, also when another process has just removed it. */
function unlessAbsent<T>(path: string, read: (path: string) => T): T | undefined {
  try {
    return read(path)
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw domainError(
      'store_unavailable',
      `${path} does not say up to where entries were acknowledged: see "Missing entries" in docs/operations.md`,
      { cause }
    )
  }
}

/** Updates the record of one writer, once a second at most. */
export class HeadRecorder {
  readonly #storePath: string
  #head: Head | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(storePath: string) {
    this.#storePath = storePath
  }

  /** All entries up to `head` have been acknowledged: recorded within a second. */
  note(head: Head): void {
    this.#head = head
    this.#timer ??= setTimeout(() => this.write(), recordEveryMs).unref()
  }

  /** Records at once what was noted last. Returns whether that succeeded. */
  write(): boolean {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (!this.#head) return false
    try {
      recordHead(this.#storePath, this.#head)
      return true
    } catch {
      // The entries are stored all the same. The next commit tries again.
      return false
    }
  }
}
