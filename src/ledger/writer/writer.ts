import { uuidv7 } from '../../base/uuid.ts'
import type { ProcessLock } from '../../store/sqlite/process-lock.ts'
import { moveLogIntoFile } from '../../store/sqlite/sqlite.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { storeFault } from '../../store/store-fault.ts'
import { Chain, type HashedEntry, type Head } from '../entry/chain.ts'
import type { EntryFields } from '../entry/entry.ts'
import { type PendingEntry, pendingEntry } from '../entry/pending-entry.ts'
import { type Signer, signedBy } from '../entry/signature.ts'
import { refusedOutcome } from '../entry/synthetic-outcomes.ts'
import { newestHead, type WriterFacts, writerOpened } from '../entry/writer-opened.ts'
import { HeadRecorder } from './head-record.ts'
import { forgetSuperseded, wentWithCut } from './missing-entries.ts'
import { OpenCalls } from './open-calls.ts'
import { handleOf, rollBack, type WriterHandle } from './writer-handle.ts'
import { lockNewWriter } from './writer-lock.ts'

/** How often, at most, a commit also notes up to where all calls are closed, in milliseconds. */
const noteOpenFromMs = 1000

/** Entries that were on their way when the store failed: whether they are stored shows when it is opened again. */
type Uncertain = { readonly head: Head; readonly drafts: readonly PendingEntry[] }

/**
 * This process's own writer: one chain, appended to in transactions of its own. Synchronous, for the store's thread.
 * Living writers hold a lock, so that another process never takes their calls for those of a dead one.
 */
export class LedgerWriter {
  #handle: WriterHandle
  #chain: Chain
  #lock: ProcessLock
  readonly #facts: WriterFacts
  readonly #signer: Signer | undefined
  readonly #openCalls = new OpenCalls()
  readonly #recorder: HeadRecorder
  /** Sealed in the transaction under way. */
  #sealed: HashedEntry[] = []
  #drafts: PendingEntry[] = []
  #uncertain: Uncertain | null = null
  /** Texts of drafts that turned out to be stored, though their batch had failed: they come a second time. */
  #storedBefore = new Set<string>()
  /** Intents among them: their calls were refused, and are to be closed. */
  #refused: PendingEntry[] = []
  /** The hash of this chain's latest checkpoint. */
  #checkpointed = ''
  #notedAt = 0

  private constructor(store: StoreFile, facts: WriterFacts, signer: Signer | undefined) {
    this.#handle = handleOf(store)
    this.#facts = facts
    this.#signer = signer
    this.#chain = Chain.start(uuidv7(), signer)
    this.#recorder = new HeadRecorder(store.path)
    this.#lock = lockNewWriter(store.path, this.#chain.head.writer)
  }

  /** Opens a new chain with its `writer.opened` entry. A writer never continues another's chain. */
  static open(store: StoreFile, facts: WriterFacts, at: Date, signer?: Signer): LedgerWriter {
    const writer = new LedgerWriter(store, facts, signer)
    try {
      writer.transact(() => writer.#begin(at))
      if (writer.#recorder.write(writer.head)) forgetSuperseded(store, writer.head.writer)
      return writer
    } catch (error) {
      writer.#lock.release()
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
  append(batch: readonly PendingEntry[], now: number): string[] {
    const late: string[] = []
    this.transact(() => {
      this.#resumeIfClosed()
      // Before the batch's own intents, which are open as well.
      const openFrom = this.#openFrom()
      for (const draft of batch) if (!this.#insertOnce(draft)) late.push(draft.closes ?? '')
      if (now - this.#notedAt < noteOpenFromMs) return
      this.#handle.noteOpenFrom.run(openFrom, this.head.writer)
      this.#notedAt = now
    })
    this.#storedBefore.clear()
    return late
  }

  /**
   * Appends a signed entry that vouches for all of this chain, and for the newest entry of the whole ledger. Unless
   * `always`, none when the newest entry is such a one already.
   */
  checkpoint(at: Date, { always = false } = {}): void {
    this.transact(() => {
      this.#resumeIfClosed()
      const after = newestHead(this.#handle.store.raw)
      const isOwn = after?.writer === this.head.writer
      if (isOwn && after.hash === this.#checkpointed && !always) return
      this.insertSigned({ at: at.toISOString(), kind: 'checkpoint', ...(!isOwn && { after }) })
      this.#checkpointed = this.#chain.tip.hash
    })
    this.#recorder.write(this.head)
  }

  /** Another process took this one for dead and closed its calls: they are closed, and the chain goes on. */
  #resumeIfClosed(): void {
    const own = this.#ownRow()
    if (own?.closed_at === null) return
    this.#openCalls.forget()
    if (own)
      this.#handle.store.raw
        .prepare('UPDATE writer SET closed_at = NULL, open_from = ? WHERE id = ?')
        .run(this.head.seq + 1, this.head.writer)
    else this.#beginAnew()
  }

  #ownRow(): { closed_at: string | null } | undefined {
    return this.#handle.ownRow.get(this.head.writer) as { closed_at: string | null } | undefined
  }

  /** The chain was pruned as one that has ended, and cannot go on: what comes next is written to one of its own. */
  #beginAnew(): void {
    const chain = Chain.start(uuidv7(), this.#signer)
    const lock = lockNewWriter(this.#handle.store.path, chain.head.writer)
    this.#lock.release()
    this.#lock = lock
    this.#chain = chain
    this.#begin(new Date())
  }

  #begin(at: Date): void {
    const { raw } = this.#handle.store
    const time = at.toISOString()
    raw.prepare('INSERT INTO writer (id, opened_at) VALUES (?, ?)').run(this.head.writer, time)
    this.insertSigned(writerOpened(time, this.#facts, newestHead(raw)))
  }

  /** The number from which on intents may be open, as far as committed entries tell. */
  #openFrom(): number {
    return this.#openCalls.oldest() ?? this.head.seq + 1
  }

  /** Inserts one entry inside `transact`. */
  insert(fields: EntryFields): void {
    this.#insertDraft(pendingEntry(fields))
  }

  /** Inserts one entry with this writer's signature, if it has one, inside `transact`. */
  insertSigned(fields: EntryFields): void {
    this.insert({ ...fields, ...signedBy(this.#signer) })
  }

  /** False when the entry was an outcome that came too late. */
  #insertOnce(draft: PendingEntry): boolean {
    // Mostly there are none, and a set hashes what it is asked for all the same: the whole text.
    if (this.#storedBefore.size > 0 && this.#storedBefore.has(draft.text)) return true
    if (draft.closes !== undefined && !this.#openCalls.has(draft.closes)) return false
    this.#insertDraft(draft)
    return true
  }

  #insertDraft(draft: PendingEntry): void {
    this.#sealed.push(this.#chain.append(draft))
    this.#drafts.push(draft)
    this.#openCalls.note(draft, this.#chain.tip.seq)
  }

  /** Runs `work` in one write transaction; on failure neither the store nor the chain has moved. */
  transact(work: () => void): void {
    const { store, table, begin, commit } = this.#handle
    try {
      begin.run()
      work()
      table.append(this.head.writer, this.head.seq + 1, this.#sealed)
      store.requireInPlace()
      commit.run()
      store.requireWritten()
    } catch (error) {
      this.#uncertain = { head: this.#chain.tip, drafts: this.#drafts }
      rollBack(store)
      this.#chain.rewind()
      this.#openCalls.rewind()
      throw error
    } finally {
      this.#sealed = []
      this.#drafts = []
    }
    this.#uncertain = null
    this.#chain.advance()
    this.#openCalls.advance()
    this.#recorder.note(this.head)
  }

  /**
   * Goes on with another handle on the same store, after the one before has failed. Entries of a failed transaction that
   * are there all the same are taken over; calls that they open were refused, and are closed. Throws StoreFault
   * `replaced` when the store does not hold what this writer has written: the record beside it then says so, too.
   */
  resume(store: StoreFile): void {
    const stored = newestHead(store.raw, this.head.writer)
    // Nothing is there of a chain that was yet to begin, or that has been idle for so long that all of it was pruned.
    const isEmpty = stored === undefined && (this.head.seq === 0 || wentWithCut(store.raw, this.head))
    if (!isEmpty && stored?.hash !== this.head.hash) this.#takeOver(store, stored)
    this.#handle = handleOf(store)
    this.#uncertain = null
    if (this.#refused.length === 0) return
    this.transact(() => {
      this.#resumeIfClosed()
      // One may be closed already: by a transaction that failed like theirs, and is stored all the same.
      for (const call of this.#refused)
        if (this.#openCalls.has(call.opens ?? '')) this.insert(refusedOutcome(call.text, new Date()))
    })
    this.#refused = []
  }

  #takeOver(store: StoreFile, stored: Head | undefined): void {
    const { head, drafts } = this.#uncertain ?? { head: null, drafts: [] }
    if (!head || stored?.hash !== head.hash) {
      this.#recorder.write(this.head)
      throw storeFault('replaced')
    }
    // Before anything relies on them: they were read from a log whose sync has failed.
    moveLogIntoFile(store.raw)
    let seq = this.head.seq
    for (const draft of drafts) this.#openCalls.note(draft, ++seq)
    this.#openCalls.advance()
    this.#chain.moveTo(head)
    for (const { text } of drafts) this.#storedBefore.add(text)
    this.#refused.push(...drafts.filter(({ opens }) => opens !== undefined))
  }

  /** Ends the chain with a `writer.closed` entry and lets go of the lock. Again after a failure: by its time the entry is known. */
  close(at: Date): void {
    this.transact(() => {
      // Taken for dead, and pruned as such: the chain has ended.
      if (!this.#ownRow()) return
      this.#insertOnce(
        pendingEntry({ at: at.toISOString(), kind: 'writer.closed', ...signedBy(this.#signer) })
      )
      this.#handle.store.raw
        .prepare('UPDATE writer SET closed_at = ?, open_from = ? WHERE id = ?')
        .run(at.toISOString(), this.#openFrom(), this.head.writer)
    })
    this.#recorder.write(this.head)
    this.#lock.release()
  }
}
