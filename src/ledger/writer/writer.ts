import { uuidv7 } from '../../base/uuid.ts'
import type { ProcessLock } from '../../store/sqlite/process-lock.ts'
import { moveLogIntoFile } from '../../store/sqlite/sqlite.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { storeFault } from '../../store/store-fault.ts'
import { Chain, type HashedEntry, type Head } from '../entry/chain.ts'
import { closingOutcome } from '../entry/closing-outcome.ts'
import type { EntryFields } from '../entry/entry.ts'
import { type PendingEntry, pendingEntry } from '../entry/pending-entry.ts'
import { type Signer, signedBy } from '../entry/signature.ts'
import { type WriterInfo, writerOpened } from '../entry/writer-opened.ts'
import { newestHead } from '../query/chain-heads.ts'
import { HeadRecorder } from './head-record.ts'
import { forgetSuperseded, isPruned } from './missing-entries.ts'
import { OpenCalls } from './open-calls.ts'
import { handleOf, rollBack, type WriterHandle } from './writer-handle.ts'
import { lockNewWriter } from './writer-lock.ts'

/** How often, at most, a commit also stores up to where all calls are closed, in milliseconds. */
const updateRowMs = 1000

/** How a call ends whose intent seemed not to be stored. */
const refused = { status: 503, code: 'ledger_unavailable', forwarded: 'no' } as const

/** Entries of a commit that failed: whether they are stored shows when the store is opened again. */
type Uncertain = { readonly head: Head; readonly pending: readonly PendingEntry[] }

/** This process's own writer: one chain. Synchronous, for the store's thread. Its lock shows other processes that it lives. */
export class LedgerWriter {
  #handle: WriterHandle
  #chain: Chain
  #lock: ProcessLock
  readonly #facts: WriterInfo
  readonly #signer: Signer | undefined
  readonly #openCalls = new OpenCalls()
  readonly #recorder: HeadRecorder
  /** Entries of the transaction under way. */
  #hashed: HashedEntry[] = []
  #pending: PendingEntry[] = []
  #uncertain: Uncertain | null = null
  /** Texts of entries that turned out to be stored though their batch had failed: it is appended a second time. */
  #storedBefore = new Set<string>()
  /** Intents among them: their calls were refused, and get an outcome. */
  #refused: PendingEntry[] = []
  /** The hash of this chain's latest checkpoint. */
  #checkpointed = ''
  #rowUpdatedAt = 0

  private constructor(store: StoreFile, facts: WriterInfo, signer: Signer | undefined) {
    this.#handle = handleOf(store)
    this.#facts = facts
    this.#signer = signer
    this.#chain = Chain.start(uuidv7(), signer)
    this.#recorder = new HeadRecorder(store.path)
    this.#lock = lockNewWriter(store.path, this.#chain.head.writer)
  }

  /** Opens a new chain with its `writer.opened` entry. A writer never continues another's chain. */
  static open(store: StoreFile, facts: WriterInfo, at: Date, signer?: Signer): LedgerWriter {
    const writer = new LedgerWriter(store, facts, signer)
    try {
      writer.transact(() => writer.#insertOpening(at))
      if (writer.#recorder.write()) forgetSuperseded(store, writer.head.writer)
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

  /** Makes the entries durable, all or none. Returns the calls whose outcome came too late: another process has closed them. */
  append(batch: readonly PendingEntry[], now: number): string[] {
    const late = this.transact(() => {
      this.#resumeIfClosed()
      if (now - this.#rowUpdatedAt >= updateRowMs) {
        this.#updateRow(null)
        this.#rowUpdatedAt = now
      }
      return batch.filter(entry => !this.#insertOnce(entry)).map(({ closes = '' }) => closes)
    })
    this.#storedBefore.clear()
    return late
  }

  /** Appends a signed entry that confirms the newest of the ledger; unless `always`, only behind new ones. */
  checkpoint(at: Date, { always = false } = {}): void {
    this.transact(() => {
      this.#resumeIfClosed()
      const after = newestHead(this.#handle.store.raw)
      const isOwn = after?.writer === this.head.writer
      if (isOwn && after.hash === this.#checkpointed && !always) return
      this.insertSigned({ at: at.toISOString(), kind: 'checkpoint', ...(!isOwn && { after }) })
      this.#checkpointed = this.#chain.tip.hash
    })
    this.#recorder.write()
  }

  /** Another process found this one dead and closed its calls: they stay closed, and the chain goes on. */
  #resumeIfClosed(): void {
    const own = this.#ownRow()
    if (own?.closed_at === null) return
    this.#openCalls.forget()
    if (own) this.#updateRow(null)
    else this.#startNewChain()
  }

  #ownRow(): { closed_at: string | null } | undefined {
    return this.#handle.ownRow.get(this.head.writer) as { closed_at: string | null } | undefined
  }

  /** The chain was pruned as an ended one and cannot go on: the next entries begin another. */
  #startNewChain(): void {
    const chain = Chain.start(uuidv7(), this.#signer)
    const lock = lockNewWriter(this.#handle.store.path, chain.head.writer)
    this.#lock.release()
    this.#lock = lock
    this.#chain = chain
    this.#insertOpening(new Date())
  }

  #insertOpening(at: Date): void {
    const { raw } = this.#handle.store
    const time = at.toISOString()
    raw.prepare('INSERT INTO writer (id, opened_at) VALUES (?, ?)').run(this.head.writer, time)
    this.insertSigned(writerOpened(time, this.#facts, newestHead(raw)))
  }

  /** Stores whether the chain has ended, and the number of the first entry whose call may be open. */
  #updateRow(closedAt: string | null): void {
    const openFrom = this.#openCalls.oldest() ?? this.head.seq + 1
    this.#handle.updateRow.run(closedAt, openFrom, this.head.writer)
  }

  /** Inserts one entry inside `transact`. */
  insert(fields: EntryFields): void {
    this.#insertPending(pendingEntry(fields))
  }

  /** Inserts one entry with this writer's signature, if it has one, inside `transact`. */
  insertSigned(fields: EntryFields): void {
    this.insert({ ...fields, ...signedBy(this.#signer) })
  }

  /** False when the entry was an outcome that came too late. */
  #insertOnce(entry: PendingEntry): boolean {
    // Mostly the set is empty, and asking it would hash the whole text all the same.
    if (this.#storedBefore.size > 0 && this.#storedBefore.has(entry.text)) return true
    if (entry.closes !== undefined && !this.#openCalls.has(entry.closes)) return false
    this.#insertPending(entry)
    return true
  }

  #insertPending(entry: PendingEntry): void {
    this.#hashed.push(this.#chain.append(entry))
    this.#pending.push(entry)
    this.#openCalls.note(entry, this.#chain.tip.seq)
  }

  /** Runs `work` in one write transaction; on failure neither the store nor the chain has moved. */
  transact<T>(work: () => T): T {
    const { store, batches, begin, commit } = this.#handle
    let result: T
    try {
      begin.run()
      result = work()
      batches.append(this.head.writer, this.head.seq + 1, this.#hashed)
      store.requireInPlace()
      commit.run()
      store.requireWritten()
    } catch (error) {
      this.#uncertain = { head: this.#chain.tip, pending: this.#pending }
      rollBack(store)
      this.#chain.rewind()
      this.#openCalls.rewind()
      throw error
    } finally {
      this.#hashed = []
      this.#pending = []
    }
    this.#uncertain = null
    this.#chain.advance()
    this.#openCalls.advance()
    this.#recorder.note(this.head)
    return result
  }

  /**
   * Goes on with another handle. Entries of a failed transaction that are stored all the same join the chain, and their calls,
   * which were refused, get outcomes. Throws store fault `replaced` when the store lacks entries of this writer.
   */
  resume(store: StoreFile): void {
    const stored = newestHead(store.raw, this.head.writer)
    // A chain has no entries when its opening failed, or when it was idle for so long that all of it was pruned.
    const isEmpty = stored === undefined && (this.head.seq === 0 || isPruned(store.raw, this.head))
    if (!isEmpty && stored?.hash !== this.head.hash) this.#adoptUncertain(store, stored)
    this.#handle = handleOf(store)
    this.#uncertain = null
    if (this.#refused.length === 0) return
    this.transact(() => {
      this.#resumeIfClosed()
      // A call may be closed already, by a transaction that failed likewise and is stored all the same.
      for (const { opens = '', text } of this.#refused)
        if (this.#openCalls.has(opens)) this.insert(closingOutcome(JSON.parse(text), new Date(), refused))
    })
    this.#refused = []
  }

  #adoptUncertain(store: StoreFile, stored: Head | undefined): void {
    const { head, pending } = this.#uncertain ?? { head: null, pending: [] }
    if (!head || stored?.hash !== head.hash) {
      this.#recorder.write()
      throw storeFault('replaced')
    }
    // Before anything relies on them: they were read from a log whose sync has failed.
    moveLogIntoFile(store.raw)
    let { seq } = this.head
    for (const entry of pending) {
      this.#openCalls.note(entry, ++seq)
      this.#storedBefore.add(entry.text)
      if (entry.opens !== undefined) this.#refused.push(entry)
    }
    this.#openCalls.advance()
    this.#chain.advance(head)
  }

  /** Ends the chain and releases the lock. May be called again after a failure, with the same time. */
  close(at: Date): void {
    const time = at.toISOString()
    this.transact(() => {
      // A chain that was found dead and pruned has ended already.
      if (!this.#ownRow()) return
      this.#insertOnce(pendingEntry({ at: time, kind: 'writer.closed', ...signedBy(this.#signer) }))
      this.#updateRow(time)
    })
    this.#recorder.write()
    this.#lock.release()
  }
}
