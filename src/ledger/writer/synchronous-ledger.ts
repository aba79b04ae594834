import type { StoreFile } from '../../store/sqlite/store-file.ts'
import type { CallFields, OutcomeFields } from '../entry/entry.ts'
import { pendingCall } from '../entry/pending-entry.ts'
import type { Signer } from '../entry/signature.ts'
import type { WriterInfo } from '../entry/writer-opened.ts'
import { LedgerWriter } from './writer.ts'

/** The ledger of a command: entries are durable when the call returns, on the caller's own thread. */
export class SynchronousLedger {
  readonly #writer: LedgerWriter

  /** Opens a chain of its own. */
  constructor(store: StoreFile, facts: WriterInfo, signer?: Signer) {
    this.#writer = LedgerWriter.open(store, facts, new Date(), signer)
  }

  async recordIntent(call: CallFields): Promise<void> {
    this.#append(call, undefined)
  }

  async recordOutcome(call: CallFields, outcome: OutcomeFields): Promise<void> {
    this.#append(call, outcome)
  }

  /** Ends the chain. */
  close(): void {
    this.#writer.close(new Date())
  }

  #append(call: CallFields, outcome: OutcomeFields | undefined): void {
    this.#writer.append([pendingCall(new Date().toISOString(), call, outcome)], performance.now())
  }
}
