import type { ChainedEntry, EntryFields } from './entry.ts'

/** The outcome of a call that a dead writer left open. */
export function unknownOutcome(intent: ChainedEntry, at: Date): EntryFields {
  return outcomeOf(intent, at, { code: 'outcome_unknown' })
}

/** The outcome of a call that was refused because storing its intent seemed to fail. `intent` is its text. */
export function refusedOutcome(intent: string, at: Date): EntryFields {
  return outcomeOf(JSON.parse(intent), at, { status: 503, code: 'ledger_unavailable', forwarded: 'no' })
}

function outcomeOf(
  { writer: _writer, seq: _seq, prev: _prev, ...call }: ChainedEntry,
  at: Date,
  outcome: Partial<EntryFields>
): EntryFields {
  return { ...call, at: at.toISOString(), kind: 'call.outcome', ...outcome }
}
