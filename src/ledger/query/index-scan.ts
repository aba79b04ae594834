import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { partsOf, type Term } from '../entry/terms.ts'
import { batchesBetween, prunePosition, type StoredBatch } from './batch-reader.ts'
import { allPositions, intersect } from './postings.ts'
import { segmentOf, segmentStart } from './segment-index.ts'

/** A search in the terms of the index: an entry that fits has all of them, and these times. */
export type Query = {
  readonly terms: readonly Term[]
  /** How its kind begins. */
  readonly kindStart: string | undefined
  readonly requestId: string | undefined
  readonly since: string | undefined
  readonly until: string | undefined
  /** Only entries at earlier positions. */
  readonly before: number
}

/** Entries that may fit a search, newest first. */
export type ScannedEntries = Generator<Candidate>
type Candidate = { readonly position: number; readonly text: string; readonly hash: string }

/** All that may fit: first from the newest entries, less than a segment of them, which are not indexed yet. */
export function* indexScan(database: DatabaseSync, query: Query): ScannedEntries {
  // Asked once: a segment that becomes full meanwhile has been read already.
  const indexed = indexedUpTo(database)
  yield* unindexedCandidates(database, indexed, query)
  yield* indexedCandidates(database, { ...query, before: Math.min(query.before, indexed + 1) })
}

function* unindexedCandidates(database: DatabaseSync, indexed: number, query: Query): ScannedEntries {
  const first = Math.max(indexed, prunePosition(database)) + 1
  if (query.before <= first) return
  const needles = query.terms.flatMap(needleOf)
  if (query.requestId !== undefined) needles.push(`"request_id":"${query.requestId}"`)
  for (const batch of batchesBetween(database, first, query.before - 1).reverse())
    for (const candidate of entriesOf(batch))
      if (candidate.position >= first && candidate.position < query.before)
        if (needles.every(needle => candidate.text.includes(needle))) yield candidate
}

/** How a term stands in an entry's text; nothing for families of kinds and for outcomes, which do not stand there. */
function needleOf(term: Term): string[] {
  const [field, value] = partsOf(term)
  const isDerived = field === 'outcome' || (field === 'kind' && value.endsWith('*'))
  return isDerived ? [] : [`"${field}":${JSON.stringify(value)}`]
}

function* indexedCandidates(database: DatabaseSync, query: Query): ScannedEntries {
  const reader = new EntryReader(database)
  const cut = prunePosition(database)
  const positions =
    query.requestId === undefined ? placesOf(database, query) : requestPositions(database, query.requestId)
  for (const position of positions) {
    if (position <= cut) return
    const found = position < query.before && reader.read(position)
    if (found) yield found
  }
}

function requestPositions(database: DatabaseSync, requestId: string): number[] {
  const rows = database
    .prepare('SELECT position FROM ledger_request WHERE request_id = ? ORDER BY position DESC')
    .all(requestId) as { position: number }[]
  return rows.map(({ position }) => position)
}

/** Positions that have all terms, by the index, newest first; without terms, all in segments of the right time. */
function* placesOf(database: DatabaseSync, query: Query): Generator<number> {
  const terms = [...query.terms, ...kindTerms(database, query)]
  const ids = terms.map(term => termId(database, term))
  if (ids.includes(undefined)) return
  for (const [segment, ...sets] of segmentsWith(database, ids as number[], query)) {
    const start = segmentStart(segment)
    for (const place of sets.length === 0 ? allPositions : intersect(sets)) yield start + place
  }
}

/**
 * What the kinds that begin as the query says have in common, as far as the index knows any: a beginning that is rare, or
 * that no kind has, must not lead through every entry.
 */
function kindTerms(database: DatabaseSync, { kindStart }: Query): Term[] {
  if (!kindStart) return []
  const rows = database
    .prepare(`SELECT value FROM ledger_term WHERE field = 'kind' AND substr(value, 1, ?) = ?`)
    .all(kindStart.length, kindStart) as { value: string }[]
  const kinds = rows.map(({ value }) => value).filter(value => !value.endsWith('*'))
  const [some = kindStart, ...others] = kinds
  if (others.length === 0) return [`kind=${some}`]
  const parts = some.split('.')
  const shared = parts.findIndex(
    (_, depth) => !others.every(kind => isBelow(kind, parts.slice(0, depth + 1)))
  )
  return shared > 0 ? [`kind=${parts.slice(0, shared).join('.')}.*`] : []
}

function isBelow(kind: string, family: readonly string[]): boolean {
  return kind.startsWith(`${family.join('.')}.`)
}

type SegmentRow = [segment: number, ...sets: Uint8Array[]]

/** The segments in which every term occurs, newest first. The rarest term leads, and the others are looked up for it. */
function segmentsWith(
  database: DatabaseSync,
  terms: readonly number[],
  { since, until, before }: Query
): IterableIterator<SegmentRow> {
  const [rarest, ...others] = rarestFirst(database, terms)
  const joined = others.map(
    (_, n) => `JOIN ledger_posting AS p${n} ON p${n}.term = ? AND p${n}.segment = s.id`
  )
  const lead = 'FROM ledger_posting AS lead CROSS JOIN ledger_segment AS s ON s.id = lead.segment'
  const conditions: [sql: string, value: SQLInputValue | undefined][] = [
    ['lead.term = ?', rarest],
    [rarest === undefined ? 's.id <= ?' : 'lead.segment <= ?', segmentOf(Math.min(before, 2 ** 50))],
    ['s.last_at >= ?', since],
    ['s.first_at < ?', until]
  ]
  const used = conditions.filter(([, value]) => value !== undefined)
  const sets = [rarest === undefined ? [] : ['lead.places'], others.map((_, n) => `p${n}.places`)].flat()
  const read = database.prepare(
    `SELECT ${['s.id', ...sets].join(', ')} ${rarest === undefined ? 'FROM ledger_segment AS s' : lead}
     ${joined.join(' ')} WHERE ${used.map(([sql]) => sql).join(' AND ')}
     ORDER BY ${rarest === undefined ? 's.id' : 'lead.segment'} DESC`
  )
  read.setReturnArrays(true)
  const values = used.map(([, value]) => value as SQLInputValue)
  return read.iterate(...others, ...values) as unknown as IterableIterator<SegmentRow>
}

function rarestFirst(database: DatabaseSync, terms: readonly number[]): number[] {
  if (terms.length < 2) return [...terms]
  const count = database.prepare('SELECT count(*) AS segments FROM ledger_posting WHERE term = ?')
  const segments = new Map(terms.map(term => [term, (count.get(term) as { segments: number }).segments]))
  return [...segments.keys()].sort((one, other) => (segments.get(one) ?? 0) - (segments.get(other) ?? 0))
}

function termId(database: DatabaseSync, term: Term): number | undefined {
  const row = database
    .prepare('SELECT id FROM ledger_term WHERE field = ? AND value = ?')
    .get(...partsOf(term))
  return row?.['id'] as number | undefined
}

/** The newest position that is indexed. */
function indexedUpTo(database: DatabaseSync): number {
  const row = database.prepare('SELECT coalesce(max(id), -1) AS segment FROM ledger_segment').get()
  return segmentStart(Number(row?.['segment']) + 1) - 1
}

/** The entries of a batch, newest first. */
function* entriesOf({ id, texts, hashes }: StoredBatch): ScannedEntries {
  for (let index = texts.length - 1; index >= 0; index--)
    yield { position: id + index, text: texts[index] ?? '', hash: hashes[index] ?? '' }
}

/** Reads single entries. Positions that follow each other are mostly in one batch. */
class EntryReader {
  readonly #database: DatabaseSync
  #batch: StoredBatch | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  read(position: number): Candidate | undefined {
    const { id = 0, texts = [] } = this.#batch ?? {}
    if (!this.#batch || position < id || position >= id + texts.length)
      this.#batch = batchesBetween(this.#database, position, position)[0]
    const index = position - (this.#batch?.id ?? 0)
    const text = this.#batch?.texts[index]
    return text === undefined ? undefined : { position, text, hash: this.#batch?.hashes[index] ?? '' }
  }
}
