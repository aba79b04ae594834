import { canonicalJson } from './canonical-json.ts'
import { type CallFields, callName, type EntryFields, type OutcomeFields } from './entry.ts'

/**
 * An entry as text with blanks for `prev`, `seq` and `writer`, which a chain fills in. Made on the thread that knows the
 * facts; the thread that stores it neither parses nor prints JSON.
 */
export type PendingEntry = {
  readonly text: string
  /** The call that this entry opens, by an intent, or closes, by an outcome: recovery needs it. */
  readonly opens?: string | undefined
  readonly closes?: string | undefined
  /** The chain signs it: never one that has crossed threads. */
  readonly signed?: boolean
}

/**
 * A batch for the store's thread: one string, which crosses threads as a copy of bytes, where objects would be taken apart
 * and put together again. A line for each entry: `+` and the call that it opens, or `-` and the call that it closes, then a
 * tab and the text. JSON holds no line breaks and no tabs, and neither does the name of a call.
 */
export function packEntries(entries: readonly PendingEntry[]): string {
  const lines = entries.map(({ text, opens, closes }) => {
    if (opens !== undefined) return `+${opens}\t${text}`
    return closes === undefined ? `\t${text}` : `-${closes}\t${text}`
  })
  return lines.join('\n')
}

/** The entries of a packed batch. */
export function unpackEntries(batch: string): PendingEntry[] {
  return batch.split('\n').map(line => {
    const tab = line.indexOf('\t')
    const text = line.slice(tab + 1)
    if (line.startsWith('+')) return { text, opens: line.slice(1, tab) }
    return line.startsWith('-') ? { text, closes: line.slice(1, tab) } : { text }
  })
}

/** No entry holds these blanks otherwise: quotes inside a JSON text are escaped, and no number of an entry is -1. */
const blanks = { prev: '', seq: -1, writer: '' }
// With the comma before them, as `at` always comes first: quotes are too many to look for one first.
const blankPrev = ',"prev":""'
const blankSeq = ',"seq":-1'
const blankWriter = ',"writer":""'

/** Any entry, in canonical text. */
export function pendingEntry(fields: EntryFields): PendingEntry {
  const text = canonicalJson({ ...fields, ...blanks })
  if (fields.kind === 'call.intent') return { text, opens: callName(fields) }
  if (fields.kind === 'call.outcome') return { text, closes: callName(fields) }
  return { text, signed: fields['signature'] === '' }
}

/** A call's intent, or its outcome: what `pendingEntry` makes of them, several times faster. */
export function pendingCall(at: string, call: CallFields, outcome: OutcomeFields | undefined): PendingEntry {
  const text = callText(at, call, outcome)
  return outcome === undefined ? { text, opens: callName(call) } : { text, closes: callName(call) }
}

/** The text with its blanks filled in. */
export function assignSequence({ text }: PendingEntry, prev: string, seq: number, writer: string): string {
  const atPrev = text.indexOf(blankPrev)
  const atSeq = text.indexOf(blankSeq, atPrev)
  const atWriter = text.indexOf(blankWriter, atSeq)
  return `${text.slice(0, atPrev)},"prev":"${prev}"${text.slice(atPrev + blankPrev.length, atSeq)},"seq":${seq}${text.slice(
    atSeq + blankSeq.length,
    atWriter
  )},"writer":"${writer}"${text.slice(atWriter + blankWriter.length)}`
}

/** A literal whose members stand in canonical order. Its one nested object, `request`, has one member at most. */
function callText(at: string, call: CallFields, outcome: OutcomeFields | undefined): string {
  return JSON.stringify({
    at,
    attempt: call.attempt,
    cause: outcome?.cause,
    client_ip: call.client_ip,
    code: outcome?.code,
    connector_id: call.connector_id,
    credential: call.credential,
    duration_ms: outcome?.duration_ms,
    forwarded: outcome?.forwarded,
    incident: outcome?.incident,
    key_id: call.key_id,
    kind: outcome === undefined ? 'call.intent' : 'call.outcome',
    limit: outcome?.limit,
    operation: call.operation,
    prev: blanks.prev,
    request: call.request,
    request_id: call.request_id,
    seq: blanks.seq,
    status: outcome?.status,
    tenant: call.tenant,
    upstream_ms: outcome?.upstream_ms,
    upstream_request_id: outcome?.upstream_request_id,
    upstream_state: outcome?.upstream_state,
    upstream_status: outcome?.upstream_status,
    writer: blanks.writer
  })
}
