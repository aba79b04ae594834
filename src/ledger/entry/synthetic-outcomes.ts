import type { ChainedEntry, EntryFields } from './entry.ts'

/** The outcome of a call that a dead writer left open. */
export function unknownOutcome(intent: ChainedEntry, at: Date): EntryFields {
  return { ...factsOf(intent), at: at.toISOString(), kind: 'call.outcome', code: 'outcome_unknown' }
}

/** The outcome of a call that was refused because its intent, of which this is the text, could not be stored, as it seemed. */
export function refusedOutcome(intent: string, at: Date): EntryFields {
  const facts = factsOf(JSON.parse(intent) as ChainedEntry)
  const outcome = { status: 503, code: 'ledger_unavailable', forwarded: 'no' } as const
  return { ...facts, at: at.toISOString(), kind: 'call.outcome', ...outcome }
}

function factsOf({ writer: _writer, seq: _seq, prev: _prev, ...facts }: ChainedEntry): EntryFields {
  return facts
}
