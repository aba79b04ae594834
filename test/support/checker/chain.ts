import { createHash } from 'node:crypto'
import { type Entry, jsonObject, type Violation } from './histories.ts'

export type KnownHead = { readonly writer: string; readonly seq: number; readonly hash: string }

/** Reads the export's lines. A line that is no object breaks I4. */
export function readLedger(lines: readonly string[], violations: Violation[]): Entry[] {
  return lines.flatMap((text, index) => {
    const object = jsonObject(text)
    if (object) return [{ ...object, line: index + 1 }]
    violations.push({ invariant: 'I4', detail: `line ${index + 1} of the ledger is no JSON object` })
    return []
  })
}

/**
 * I4, from the design's words alone and without the product's code: hash = SHA-256(prev, canonical JSON of the entry
 * without hash), one chain a writer, numbers from 1, the first `prev` is 64 zeros, known heads are still there.
 */
export function checkChains(lines: readonly string[], heads: readonly KnownHead[]): Violation[] {
  const hashes = new Map<string, string[]>()
  const details: string[] = []
  const anchors: { line: number; head: KnownHead }[] = []
  lines.forEach((text, index) => {
    const entry = jsonObject(text)
    if (!entry) return
    const { hash, ...hashed } = entry
    const { writer, seq, prev } = hashed
    const chain = hashes.get(String(writer)) ?? []
    hashes.set(String(writer), chain)
    const name = `line ${index + 1} (${writer} ${seq})`
    if (seq !== chain.length + 1)
      details.push(`${name}: number ${chain.length + 1} of its chain should be here`)
    if (prev !== (chain.at(-1) ?? '0'.repeat(64)))
      details.push(`${name}: does not follow the entry before it`)
    const digest = createHash('sha256')
      .update(`${prev}${sortedJson(hashed)}`, 'utf8')
      .digest('hex')
    if (digest !== hash) details.push(`${name}: its hash is not that of its content`)
    anchors.push(...knownHeads(entry).map(head => ({ line: index + 1, head })))
    chain.push(String(hash))
  })
  for (const { line, head } of anchors)
    if (hashes.get(head.writer)?.[head.seq - 1] !== head.hash)
      details.push(`line ${line} knows an entry that is not there: ${head.writer} ${head.seq}`)
  for (const { writer, seq, hash } of heads)
    if (hashes.get(writer)?.[seq - 1] !== hash) details.push(`the known head ${writer} ${seq} is not there`)
  return details.map(detail => ({ invariant: 'I4', detail }))
}

function knownHeads(entry: Record<string, unknown>): KnownHead[] {
  if (entry['kind'] === 'writer.opened' && entry['after']) return [entry['after'] as KnownHead]
  if (entry['kind'] === 'writer.recovered' && entry['head'])
    return [{ ...(entry['head'] as KnownHead), writer: String(entry['recovered']) }]
  return []
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member
  )
}
