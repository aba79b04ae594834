import { hash } from 'node:crypto'
import type { ChainedEntry, EntryFields } from './entry.ts'

/** `prev` of a chain's first entry. */
export const genesis = '0'.repeat(64)

/** An entry ready to be stored: its canonical text, exactly as hashed, and its hash. Both are what the table holds. */
export type SealedEntry = { readonly text: string; readonly hash: string }

/** Where a chain stands: the last entry's number and hash. */
export type Head = { readonly writer: string; readonly seq: number; readonly hash: string }

/**
 * Canonical JSON (RFC 8785): members sorted by name, no white space, ECMAScript's own number and string forms.
 * Absent members stay absent. Entries hold ASCII-named members and no lone surrogates, so JSON.stringify's
 * escapes and UTF-16 sorting are the canonical ones.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as Record<string, unknown>
  const members = Object.keys(object)
    .filter(name => object[name] !== undefined)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonicalJson(object[name])}`)
  return `{${members.join(',')}}`
}

/**
 * The same text as `canonicalJson` gives, several times faster, for the two kinds of entry that every call writes:
 * a literal whose members stand in canonical order. Their one nested object, `request`, has one member at most.
 */
function canonicalCall(fields: EntryFields, prev: string, seq: number, writer: string): string {
  return JSON.stringify({
    at: fields.at,
    attempt: fields.attempt,
    client_ip: fields.client_ip,
    code: fields.code,
    connector_id: fields.connector_id,
    credential: fields.credential,
    duration_ms: fields.duration_ms,
    forwarded: fields.forwarded,
    key_id: fields.key_id,
    kind: fields.kind,
    operation: fields.operation,
    prev,
    request: fields.request,
    request_id: fields.request_id,
    seq,
    status: fields.status,
    tenant: fields.tenant,
    upstream_request_id: fields.upstream_request_id,
    upstream_status: fields.upstream_status,
    writer
  })
}

function canonicalEntry(fields: EntryFields, { writer, seq, hash: prev }: Head): string {
  if (fields.kind === 'call.intent' || fields.kind === 'call.outcome')
    return canonicalCall(fields, prev, seq + 1, writer)
  const entry: ChainedEntry = { ...fields, writer, seq: seq + 1, prev }
  return canonicalJson(entry)
}

/** SHA-256, in hex, over the previous entry's hash (its 64 hex characters) followed by the entry's canonical text. */
export function chainHash(prev: string, text: string): string {
  return hash('sha256', prev + text, 'hex')
}

/**
 * One writer's chain in memory. `seal` gives an entry its place; the place is taken only once the caller says
 * `advance`, after the transaction that stored the entries has committed: a failed transaction leaves no gap.
 */
export class Chain {
  #head: Head
  #tip: Head

  constructor(head: Head) {
    this.#head = head
    this.#tip = head
  }

  /** Starts a new chain for a new writer. */
  static start(writer: string): Chain {
    return new Chain({ writer, seq: 0, hash: genesis })
  }

  /** The last committed entry. */
  get head(): Head {
    return this.#head
  }

  /** The last sealed entry, committed or not. */
  get tip(): Head {
    return this.#tip
  }

  seal(fields: EntryFields): SealedEntry {
    const { writer, seq, hash: prev } = this.#tip
    const text = canonicalEntry(fields, this.#tip)
    const sealed = { text, hash: chainHash(prev, text) }
    this.#tip = { writer, seq: seq + 1, hash: sealed.hash }
    return sealed
  }

  /** All sealed entries are stored. */
  advance(): void {
    this.#head = this.#tip
  }

  /** None of the entries sealed since the last `advance` was stored. */
  rewind(): void {
    this.#tip = this.#head
  }
}
