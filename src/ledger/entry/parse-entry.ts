import { canonicalJson } from './canonical-json.ts'
import type { Head } from './chain.ts'
import { type ChainFields, fastParseExported, fastParseStored } from './fast-parse-entry.ts'

/** Where an entry was read: its position in the store, or words such as `line 12`. Numbers cost nothing to make. */
export type EntryLocation = number | string

/** An entry as it was read, before any check. */
export type ParsedEntry = ChainFields & {
  /** The entry of another chain that this one confirms: `after` of an opening or checkpoint, `head` of a recovery. */
  anchor?: Head | undefined
  signed?: { readonly signer: string; readonly signature: string } | undefined
  location: EntryLocation
  /** The canonical text that the hash is taken over. */
  text: string
  hash: string
}

/** A text that is no entry, and why. */
export type MalformedEntry = {
  location: EntryLocation
  malformed: string
  /** The hash that it names as the one before it: tells which chain it stands in. */
  prev?: string
}

export type ReadEntry = ParsedEntry | MalformedEntry

/** Reads an entry of the store. Its text must be canonical: the export of any other would not verify. */
export function parseStored(location: EntryLocation, text: string, hash: string): ReadEntry {
  const facts = fastParseStored(text)
  if (facts) return callEntry(facts, location, text, hash)
  const entry = parseObject(text)
  if (!entry) return { location, malformed: 'it is not a JSON object' }
  if (canonicalJson(entry) !== text) return { location, malformed: 'it is not canonical JSON' }
  return checkedEntry(location, entry, text, hash)
}

/** Reads one line of an export. As `JSON.stringify` writes it: no hash would cover a member that is given twice. */
export function parseExported(location: EntryLocation, line: string): ReadEntry {
  const call = fastParseExported(line)
  if (call) return callEntry(call.facts, location, call.text, call.hash)
  const object = parseObject(line)
  if (!object) return { location, malformed: 'it is not a JSON object' }
  if (JSON.stringify(object) !== line)
    return { location, malformed: 'it is not written as an export writes it' }
  const { hash, ...entry } = object
  if (typeof hash !== 'string') return { location, malformed: 'it has no hash' }
  return checkedEntry(location, entry, canonicalJson(entry), hash)
}

/** Member by member: nearly all entries come this way, and a spread would take twice as long. */
function callEntry(
  { writer, seq, prev, kind, requestId, attempt }: ChainFields,
  location: EntryLocation,
  text: string,
  hash: string
): ParsedEntry {
  return { writer, seq, prev, kind, requestId, attempt, location, text, hash }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function checkedEntry(
  location: EntryLocation,
  entry: Record<string, unknown>,
  text: string,
  hash: string
): ReadEntry {
  const { writer, seq, prev, kind, request_id, attempt, signer, signature } = entry
  if (typeof prev !== 'string') return { location, malformed: 'it has no prev' }
  if (typeof writer !== 'string' || writer === '') return { location, prev, malformed: 'it names no writer' }
  if (!isCount(seq)) return { location, prev, malformed: 'it has no number' }
  if (typeof kind !== 'string') return { location, prev, malformed: 'it has no kind' }
  const isSigned = typeof signer === 'string' && typeof signature === 'string'
  return {
    writer,
    seq,
    prev,
    kind,
    requestId: typeof request_id === 'string' ? request_id : undefined,
    attempt: isCount(attempt) ? attempt : undefined,
    anchor: anchorOf(kind, entry),
    signed: isSigned ? { signer, signature } : undefined,
    location,
    text,
    hash
  }
}

function anchorOf(kind: string, { after, recovered, head }: Record<string, unknown>): Head | undefined {
  if (kind === 'writer.opened' || kind === 'checkpoint') return asHead(after)
  return kind === 'writer.recovered' ? asHead({ writer: recovered, ...Object(head) }) : undefined
}

/** The value as a chain's head, or undefined when it is none. */
export function asHead(value: unknown): Head | undefined {
  const { writer, seq, hash } = Object(value) as Partial<Record<keyof Head, unknown>>
  return typeof writer === 'string' && isCount(seq) && typeof hash === 'string'
    ? { writer, seq, hash }
    : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
