import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DomainError } from '../../base/domain-error.ts'
import { replaceFile } from '../../base/durable-file.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Head } from '../entry/chain.ts'
import { asHead } from '../entry/parse-entry.ts'

/** How far, at most, a record is behind the entries that were acknowledged, in milliseconds. */
const recordEveryMs = 1000
const ending = '.head'

/** The folder of the records, apart from the store: one file a writer, beside its lock. */
function folderOf(storePath: string): string {
  return `${storePath}.writers`
}

/** Records a head durably, all or nothing, in place of the record before. Throws what the file system throws. */
export function recordHead(storePath: string, { writer, seq, hash }: Head): void {
  const path = `${folderOf(storePath)}/${writer}${ending}`
  const text = `${JSON.stringify({ writer, seq, hash })}\n`
  try {
    // Its folder is not synced: what a power cut leaves then is the record before, which claims less and nothing wrong.
    replaceFile(path, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Of a store that no gateway has used yet. Not its parents: a folder that was removed stays so.
    mkdirSync(dirname(path), { mode: 0o700 })
    replaceFile(path, text)
  }
}

/** Up to where entries were acknowledged, a head for each writer. Throws StoreError when that cannot be read. */
export function readHeadRecords(storePath: string): Head[] {
  return recordNames(storePath).flatMap(name => readRecord(`${folderOf(storePath)}/${name}`))
}

/** Removes the record of one writer, if there is one. */
export function forgetHeadRecord(storePath: string, writer: string): void {
  rmSync(`${folderOf(storePath)}/${writer}${ending}`, { force: true })
}

function recordNames(storePath: string): string[] {
  try {
    return readdirSync(folderOf(storePath)).filter(name => name.endsWith(ending))
  } catch (error) {
    // A store from before there were records, a copy, or one that was moved.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw unreadable(folderOf(storePath), error)
  }
}

function readRecord(path: string): Head[] {
  try {
    const head = asHead(JSON.parse(readFileSync(path, 'utf8')))
    if (head) return [head]
  } catch (error) {
    // Another process knows that it is no longer needed.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(path, error)
  }
  throw unreadable(path)
}

function unreadable(path: string, cause?: unknown): DomainError {
  return domainError(
    'store_unavailable',
    `${path} does not say up to where entries were acknowledged: see "Missing entries" in docs/operations.md`,
    { cause }
  )
}

/** Keeps the record of one writer up with its chain, by one write a second at most. */
export class HeadRecorder {
  readonly #storePath: string
  #head: Head | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(storePath: string) {
    this.#storePath = storePath
  }

  /** All up to `head` has been acknowledged: recorded within a second. */
  note(head: Head): void {
    this.#head = head
    this.#timer ??= setTimeout(() => this.write(head), recordEveryMs).unref()
  }

  /** Records at once what was noted last, or `head` when nothing was. Returns whether that is done. */
  write(head: Head): boolean {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    try {
      recordHead(this.#storePath, this.#head ?? head)
      return true
    } catch {
      // The entries are stored all the same. The next commit tries again.
      return false
    }
  }
}
