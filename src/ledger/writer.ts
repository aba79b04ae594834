import type { StatementSync } from 'node:sqlite'
import { type ProcessLock, takeProcessLock } from '../store/process-lock.ts'
import type { StoreFile } from '../store/store-file.ts'
import { uuidv7 } from '../uuid.ts'
import { Chain, type Head } from './chain.ts'
import { type Draft, draftOf } from './draft.ts'
import type { EntryFields } from './entry.ts'
import { OpenCalls } from './open-calls.ts'
import { type Anchor, newestEntrySql, openedEntry, type WriterFacts } from './opening.ts'

/** Where the locks that tell living writers from dead ones are kept: one file a writer, beside the store. */
export function writerLockPath(storePath: string, writer: string): string {
  return `${storePath}.writers/${writer}.lock`
}

/** How often, at most, a commit also notes up to where all calls are closed, in milliseconds. */
const noteOpenFromMs = 1000

/**
 * This process's own writer: one chain, appended to in transactions of its own. Synchronous, for the store's thread.
 * Living writers hold a lock, so that another process never takes their calls for those of a dead one.
 */
export class LedgerWriter {
  readonly #store: StoreFile
  readonly #chain: Chain
  readonly #lock: ProcessLock
  readonly #openCalls = new OpenCalls()
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #insert: StatementSync
  readonly #insertOutcome: StatementSync
  readonly #noteOpenFrom: StatementSync
  #notedAt = 0

  private constructor(store: StoreFile, chain: Chain, lock: ProcessLock) {
    this.#store = store
    this.#chain = chain
    this.#lock = lock
    this.#begin = store.raw.prepare('BEGIN IMMEDIATE')
    this.#commit = store.raw.prepare('COMMIT')
    this.#insert = store.raw.prepare('INSERT INTO ledger (entry, hash) VALUES (?, ?)')
    // A call that another process took for a dead one's, and closed, is closed: its own outcome, which comes too late,
    // must not keep all later entries from being stored.
    this.#insertOutcome = store.raw.prepare(
      `INSERT INTO ledger (entry, hash) VALUES (?, ?)
       ON CONFLICT (request_id, attempt, kind) WHERE request_id IS NOT NULL DO NOTHING`
    )
    this.#noteOpenFrom = store.raw.prepare('UPDATE writer SET open_from = ? WHERE id = ?')
  }

  /** Opens a new chain with its `writer.opened` entry. A writer never continues another's chain. */
  static open(store: StoreFile, facts: WriterFacts, at: Date): LedgerWriter {
    const chain = Chain.start(uuidv7())
    const id = chain.head.writer
    const lock = takeProcessLock(writerLockPath(store.path, id))
    if (!lock) throw new Error(`the lock of the new writer ${id} is taken`)
    try {
      const writer = new LedgerWriter(store, chain, lock)
      writer.transact(() => {
        const after = store.raw.prepare(newestEntrySql).get() as Anchor | undefined
        store.raw.prepare('INSERT INTO writer (id, opened_at) VALUES (?, ?)').run(id, at.toISOString())
        writer.insert(openedEntry(at.toISOString(), facts, after && { ...after }))
      })
      return writer
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** The last entry that is durable. */
  get head(): Head {
    return this.#chain.head
  }

  /**
   * Makes the entries durable, all or none: one transaction, one fsync. Throws what SQLite throws. Returns the calls
   * whose outcome came too late: another process has closed them, taking this one for dead.
   */
  append(batch: readonly Draft[], now: number): string[] {
    const late: string[] = []
    this.transact(() => {
      // Before the batch's own intents, which are open as well.
      const openFrom = this.#openFrom()
      for (const draft of batch) if (!this.#insertDraft(draft)) late.push(draft.closes ?? '')
      if (now - this.#notedAt < noteOpenFromMs) return
      this.#noteOpenFrom.run(openFrom, this.head.writer)
      this.#notedAt = now
    })
    return late
  }

  /** The number from which on intents may be open, as far as committed entries tell. */
  #openFrom(): number {
    return this.#openCalls.oldest() ?? this.head.seq + 1
  }

  /** Inserts one entry inside `transact`. */
  insert(fields: EntryFields): void {
    this.#insertDraft(draftOf(fields))
  }

  /** False when the entry was an outcome that came too late. */
  #insertDraft(draft: Draft): boolean {
    const before = this.#chain.tip
    const sealed = this.#chain.seal(draft)
    const insert = draft.closes === undefined ? this.#insert : this.#insertOutcome
    const { changes } = insert.run(sealed.text, Buffer.from(sealed.hash, 'hex'))
    if (changes === 0) this.#chain.retract(before)
    this.#openCalls.note(draft, this.#chain.tip.seq)
    return changes !== 0
  }

  /** Runs `work` in one write transaction; on failure neither the store nor the chain has moved. */
  transact(work: () => void): void {
    const { raw } = this.#store
    try {
      this.#begin.run()
      work()
      this.#store.requireInPlace()
      this.#commit.run()
    } catch (error) {
      if (raw.isTransaction) raw.exec('ROLLBACK')
      this.#chain.rewind()
      this.#openCalls.rewind()
      throw error
    }
    this.#chain.advance()
    this.#openCalls.advance()
  }

  /** Ends the chain with a `writer.closed` entry and lets go of the lock. */
  close(at: Date): void {
    this.transact(() => {
      this.insert({ at: at.toISOString(), kind: 'writer.closed' })
      this.#store.raw
        .prepare('UPDATE writer SET closed_at = ?, open_from = ? WHERE id = ?')
        .run(at.toISOString(), this.#openFrom(), this.head.writer)
    })
    this.#lock.release()
  }
}
