import { timestamp } from '../../base/timestamp.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import type { CallFields, OutcomeFields } from '../entry/entry.ts'
import { pendingCall } from '../entry/pending-entry.ts'
import type { Signer } from '../entry/signature.ts'
import type { WriterInfo } from '../entry/writer-opened.ts'
import { LedgerWriter } from './writer.ts'

/** The ledger of a command, a chain of its own: entries are durable when the call returns. `close` ends the chain. */
export function synchronousLedger(store: StoreFile, facts: WriterInfo, signer?: Signer) {
  const writer = LedgerWriter.open(store, facts, new Date(), signer)
  async function append(call: CallFields, outcome?: OutcomeFields): Promise<void> {
    writer.append([pendingCall(timestamp(), call, outcome)], performance.now())
  }
  return {
    recordIntent: (call: CallFields) => append(call),
    recordOutcome: append,
    close: () => writer.close(new Date())
  }
}
