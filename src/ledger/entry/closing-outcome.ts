import type { ChainedEntry, EntryFields } from './entry.ts'

/** The outcome of a call that did not record its own, from its intent. */
export function closingOutcome(
  { writer: _writer, seq: _seq, prev: _prev, ...call }: ChainedEntry,
  at: Date,
  outcome: Pick<EntryFields, 'code' | 'status' | 'forwarded'>
): EntryFields {
  return { ...call, at: at.toISOString(), kind: 'call.outcome', ...outcome }
}
