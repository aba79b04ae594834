import { canonicalJson } from './canonical-json.ts'
import type { Head } from './chain.ts'
import type { EntryFacts } from './entry-facts.ts'
import { type FastFacts, fastParseExported, fastParseStored } from './fast-parse-entry.ts'

/** Where an entry was found: its position in the store, or words such as `line 12`. Numbers cost nothing to make. */
export type EntryLocation = number | string

/** An entry as it was found, before anything about it is believed. */
export type ParsedEntry = EntryFacts & {
  location: EntryLocation
  /** The canonical text that the hash is taken over. */
  text: string
  hash: string
}

/** What was found where an entry should be, and why it is none. */
export type MalformedEntry = {
  location: EntryLocation
  malformed: string
  /** The hash that it says to follow, if it says so: tells whose place it is in. */
  prev?: string
}

/** Reads an entry of the store. Its text has to be canonical: of any other its export would not verify. */
export function parseStored(place: EntryLocation, text: string, hash: string): ParsedEntry | MalformedEntry {
  const plain = fastParseStored(text)
  if (plain) return plainEntry(plain, place, text, hash)
  const entry = parseObject(text)
  if (!entry) return { location: place, malformed: 'it is not a JSON object' }
  if (canonicalJson(entry) !== text) return { location: place, malformed: 'it is not canonical JSON' }
  return withFacts(place, entry, text, hash)
}

/**
 * Reads one line of an export. The line has to be JSON as `JSON.stringify` writes it: a member given twice, of which
 * one reader takes the first and another the last, would otherwise be an edit that no hash sees.
 */
export function parseExported(place: EntryLocation, line: string): ParsedEntry | MalformedEntry {
  const plain = fastParseExported(line)
  if (plain) return plainEntry(plain.facts, place, plain.text, plain.hash)
  const object = parseObject(line)
  if (!object) return { location: place, malformed: 'it is not a JSON object' }
  if (JSON.stringify(object) !== line)
    return { location: place, malformed: 'it is not written as an export writes it' }
  const { hash, ...entry } = object
  if (typeof hash !== 'string') return { location: place, malformed: 'it has no hash' }
  return withFacts(place, entry, canonicalJson(entry), hash)
}

/** Member by member: nearly all entries come this way, and a spread would take twice as long. */
function plainEntry(
  { writer, seq, prev, kind, requestId, attempt }: FastFacts,
  place: EntryLocation,
  text: string,
  hash: string
): ParsedEntry {
  const none = undefined
  return {
    writer,
    seq,
    prev,
    kind,
    requestId,
    attempt,
    anchor: none,
    signed: none,
    location: place,
    text,
    hash
  }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function withFacts(
  place: EntryLocation,
  entry: Record<string, unknown>,
  text: string,
  hash: string
): ParsedEntry | MalformedEntry {
  const { writer, seq, prev, kind, request_id: requestId, attempt } = entry
  if (typeof prev !== 'string') return { location: place, malformed: 'it has no prev' }
  if (typeof writer !== 'string' || writer === '')
    return { location: place, prev, malformed: 'it names no writer' }
  if (!isCount(seq)) return { location: place, prev, malformed: 'it has no number' }
  if (typeof kind !== 'string') return { location: place, prev, malformed: 'it has no kind' }
  return {
    writer,
    seq,
    prev,
    kind,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    attempt: isCount(attempt) ? attempt : undefined,
    anchor: anchorOf(kind, entry),
    signed: signedIn(entry),
    location: place,
    text,
    hash
  }
}

function anchorOf(kind: string, entry: Record<string, unknown>): Head | undefined {
  if (kind === 'writer.opened' || kind === 'checkpoint') return asHead(entry['after'])
  if (kind === 'writer.recovered') return asHead({ writer: entry['recovered'], ...memberOf(entry, 'head') })
  return undefined
}

function signedIn({ signer, signature }: Record<string, unknown>): ParsedEntry['signed'] {
  return typeof signer === 'string' && typeof signature === 'string' ? { signer, signature } : undefined
}

function memberOf(entry: Record<string, unknown>, name: string): object {
  const value = entry[name]
  return typeof value === 'object' && value !== null ? value : {}
}

/** The value as a chain's head, or undefined when it is none. */
export function asHead(value: unknown): Head | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { writer, seq, hash } = value as Partial<Record<keyof Head, unknown>>
  return typeof writer === 'string' && isCount(seq) && typeof hash === 'string'
    ? { writer, seq, hash }
    : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
