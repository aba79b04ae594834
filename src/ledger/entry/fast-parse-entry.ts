import { exportOrder } from './entry.ts'

/** An exported line: the members of the export's order, `hash`, then those of a call that this order does not list. */
const lineOrder: readonly string[] = exportOrder.filter(name => name !== 'hash')
const behindHash = ['cause', 'forwarded', 'limit', 'reason', 'upstream_ms', 'upstream_state']
/** `writer` is the last. */
const canonicalOrder = [...lineOrder, ...behindHash].sort()

/** Values in canonical JSON: no escapes, no fractions, no exponents. */
const anyText = '"[^"\\\\\\u0000-\\u001f\\ud800-\\udfff]*"'
const anyCount = '(?:0|[1-9][0-9]{0,14})'
/** The values of all members that are not just any text. */
const values: Readonly<Record<string, string>> = {
  attempt: anyCount,
  duration_ms: anyCount,
  kind: '"call\\.[a-z]+"',
  request: `\\{(?:"date_limit":${anyText})?\\}`,
  seq: anyCount,
  status: anyCount,
  upstream_ms: anyCount,
  upstream_status: anyCount
}

const read = ['attempt', 'kind', 'prev', 'request_id', 'seq', 'writer']

const storedPattern = new RegExp(
  `^\\{${canonicalOrder.map(name => pattern(name, name !== 'writer', read.includes(name) ? '' : '?:')).join('')}\\}$`
)
const linePattern = new RegExp(
  `^\\{${lineOrder.map(name => pattern(name, true, '')).join('')}"hash":"([0-9a-f]{64})"` +
    `${behindHash.map(name => `(?:,(${memberPattern(name)}))?`).join('')}\\}$`
)
const hashGroup = lineOrder.length + 1
const groupInLine = canonicalOrder.map(name =>
  behindHash.includes(name) ? hashGroup + 1 + behindHash.indexOf(name) : lineOrder.indexOf(name) + 1
)
const readGroups = read.map(name => canonicalOrder.indexOf(name))

/** An optional member with its comma, or the last one without; `group` decides whether it is captured. */
function pattern(name: string, optional: boolean, group: '' | '?:'): string {
  return optional ? `(${group}${memberPattern(name)},)?` : `(${group}${memberPattern(name)})`
}

function memberPattern(name: string): string {
  return `"${name}":${values[name] ?? anyText}`
}

/** What verification reads of every entry. Its other members are covered by its hash alone. */
export type ChainFields = {
  writer: string
  seq: number
  prev: string
  kind: string
  requestId: string | undefined
  attempt: number | undefined
}

/** Reads an entry that has a call's members alone, as most have, several times faster than JSON. Null for any other text. */
export function fastParseStored(text: string): ChainFields | null {
  const match = storedPattern.exec(text)
  return match && factsOf(match[1], match[2], match[3], match[4], match[5], match[6])
}

/** The same for an exported line; gives the canonical text of the entry too. */
export function fastParseExported(line: string): { facts: ChainFields; text: string; hash: string } | null {
  const match = linePattern.exec(line)
  const hash = match?.[hashGroup]
  if (!match || hash === undefined) return null
  const [attempt, kind, prev, requestId, seq, writer] = readGroups.map(
    index => match[groupInLine[index] ?? 0]
  )
  const facts = factsOf(attempt, kind, prev, requestId, seq, writer?.slice(0, -1))
  if (!facts) return null
  let text = '{'
  for (const group of groupInLine) {
    const member = match[group]
    if (member !== undefined) text += group > hashGroup ? `${member},` : member
  }
  return { facts, text: `${text.slice(0, -1)}}`, hash }
}

/** Each argument is a member as written, `"seq":12,`; the writer has no comma. */
function factsOf(
  attempt: string | undefined,
  kind: string | undefined,
  prev: string | undefined,
  requestId: string | undefined,
  seq: string | undefined,
  writer: string | undefined
): ChainFields | null {
  if (kind === undefined || prev === undefined || seq === undefined || writer === undefined) return null
  const facts = {
    writer: writer.slice('"writer":"'.length, -1),
    seq: Number(seq.slice('"seq":'.length, -1)),
    prev: prev.slice('"prev":"'.length, -2),
    kind: kind.slice('"kind":"'.length, -2),
    requestId: requestId?.slice('"request_id":"'.length, -2),
    attempt: attempt === undefined ? undefined : Number(attempt.slice('"attempt":'.length, -1))
  }
  // The slow parser gives the reason.
  return facts.writer === '' || facts.seq === 0 || facts.attempt === 0 ? null : facts
}
