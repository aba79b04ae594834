import type { EntryFacts } from './found-entry.ts'

/** Characters that canonical JSON writes as they are. */
const plainText = '[^"\\\\\\u0000-\\u001f\\ud800-\\udfff]*'
const plainCount = '[1-9][0-9]{0,14}'

/** The value of a member: text and counts are read, or only passed over. */
const text = `"(?:${plainText})"`
const count = `(?:0|${plainCount})`
const textRead = `"(${plainText})"`
const countRead = `(${plainCount})`

/** The members of a call's entries in canonical order. */
const members = {
  at: text,
  attempt: countRead,
  client_ip: text,
  code: text,
  connector_id: text,
  credential: text,
  duration_ms: count,
  forwarded: text,
  key_id: text,
  kind: '"(call\\.[a-z]+)"',
  operation: text,
  prev: textRead,
  request: `\\{(?:"date_limit":${text})?\\}`,
  request_id: textRead,
  seq: countRead,
  status: count,
  tenant: text,
  upstream_request_id: text,
  upstream_status: count
}

const plainEntry = new RegExp(
  `^\\{${Object.entries(members)
    .map(([name, value]) => `(?:"${name}":${value},)?`)
    .join('')}"writer":${textRead}\\}$`
)

/**
 * Reads the text of an entry that is made of a call's members alone, which nearly all entries are, and only when it
 * is canonical JSON: three times as fast as parsing it and writing it again. Null says nothing about other texts.
 */
export function readPlainEntry(entryText: string): Omit<EntryFacts, 'anchor'> | null {
  const match = plainEntry.exec(entryText)
  if (!match) return null
  const [, attempt, kind, prev, requestId, seq, writer] = match
  if (!kind || !prev || !seq || !writer) return null
  return {
    writer,
    seq: Number(seq),
    prev,
    kind,
    requestId,
    attempt: attempt === undefined ? undefined : Number(attempt)
  }
}
