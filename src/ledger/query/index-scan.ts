import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Term } from '../entry/terms.ts'
import {
  batchesBetween,
  entriesBetween,
  prunePosition,
  type StoredBatch,
  type StoredEntry
} from './batch-reader.ts'
import { intersect } from './postings.ts'
import { segmentOf, segmentStart } from './segment-index.ts'

/** A search by the terms of the index: an entry that fits has all of them. */
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

/** The entries that may fit, newest first: any of the newest, less than a segment of them, which are not indexed yet. */
export function* indexScan(database: DatabaseSync, query: Query): Generator<StoredEntry> {
  // Read once: a segment that becomes full meanwhile has been read already.
  const indexed = indexedUpTo(database)
  const first = Math.max(indexed, prunePosition(database)) + 1
  if (query.before > first) yield* [...entriesBetween(database, first, query.before - 1)].reverse()
  yield* indexedEntries(database, { ...query, before: Math.min(query.before, indexed + 1) })
}

function indexedUpTo(database: DatabaseSync): number {
  const row = database.prepare('SELECT coalesce(max(id), -1) AS segment FROM ledger_segment').get()
  return segmentStart(Number(row?.['segment']) + 1) - 1
}

function* indexedEntries(database: DatabaseSync, query: Query): Generator<StoredEntry> {
  const read = entryReader(database)
  const pruned = prunePosition(database)
  const positions =
    query.requestId === undefined
      ? indexedPositions(database, query)
      : requestPositions(database, query.requestId)
  for (const position of positions) {
    if (position <= pruned) return
    const entry = position < query.before && read(position)
    if (entry) yield entry
  }
}

function requestPositions(database: DatabaseSync, requestId: string): number[] {
  const rows = database
    .prepare('SELECT position FROM ledger_request WHERE request_id = ? ORDER BY position DESC')
    .all(requestId) as { position: number }[]
  return rows.map(({ position }) => position)
}

/** Positions that have all terms, by the index, newest first; without terms, all in segments of the right time. */
function* indexedPositions(database: DatabaseSync, query: Query): Generator<number> {
  const terms = [...query.terms, ...kindTerms(database, query)]
  const ids = terms.map(term => termId(database, term))
  if (ids.includes(undefined)) return
  for (const [segment, ...sets] of segmentsWith(database, ids as number[], query)) {
    const start = segmentStart(segment)
    for (const offset of intersect(sets)) yield start + offset
  }
}

function termId(database: DatabaseSync, [field, value]: Term): number | undefined {
  const row = database.prepare('SELECT id FROM ledger_term WHERE field = ? AND value = ?').get(field, value)
  return row?.['id'] as number | undefined
}

/** What all indexed kinds that begin as the query says have in common: a rare beginning must not read every entry. */
function kindTerms(database: DatabaseSync, { kindStart }: Query): Term[] {
  if (!kindStart) return []
  const { first, last } = database
    .prepare(
      `SELECT min(value) AS first, max(value) AS last FROM ledger_term
       WHERE field = 'kind' AND substr(value, 1, ?) = ? AND value NOT LIKE '%*'`
    )
    .get(kindStart.length, kindStart) as { first: string | null; last: string | null }
  if (first === null || last === null || first === last) return [['kind', first ?? kindStart]]
  const [parts, lastParts] = [first.split('.'), last.split('.')]
  const shared = parts.findIndex((part, depth) => part !== lastParts[depth])
  return shared > 0 ? [['kind', `${parts.slice(0, shared).join('.')}.*`]] : []
}

type SegmentRow = [segment: number, ...sets: Uint8Array[]]

/** The segments in which every term occurs, newest first. The rarest term leads, and the others are looked up for it. */
function segmentsWith(
  database: DatabaseSync,
  terms: readonly number[],
  { since, until, before }: Query
): IterableIterator<SegmentRow> {
  const [rarest, ...others] = rarestFirst(database, terms)
  const isLed = rarest !== undefined
  const id = isLed ? 'lead.segment' : 's.id'
  const conditions: [sql: string, value: SQLInputValue | undefined][] = [
    ['lead.term = ?', rarest],
    [`${id} <= ?`, segmentOf(Math.min(before, 2 ** 50))],
    ['s.last_at >= ?', since],
    ['s.first_at < ?', until]
  ]
  const used = conditions.filter(([, value]) => value !== undefined)
  const sets = [...(isLed ? ['lead.places'] : []), ...others.map((_, n) => `p${n}.places`)]
  const joins = others.map(
    (_, n) => `JOIN ledger_posting AS p${n} ON p${n}.term = ? AND p${n}.segment = s.id`
  )
  const read = database.prepare(
    `SELECT ${['s.id', ...sets].join(', ')}
     FROM ${isLed ? 'ledger_posting AS lead CROSS JOIN ledger_segment AS s ON s.id = lead.segment' : 'ledger_segment AS s'}
     ${joins.join(' ')} WHERE ${used.map(([sql]) => sql).join(' AND ')} ORDER BY ${id} DESC`
  )
  read.setReturnArrays(true)
  const values = used.map(([, value]) => value as SQLInputValue)
  return read.iterate(...others, ...values) as unknown as IterableIterator<SegmentRow>
}

function rarestFirst(database: DatabaseSync, terms: readonly number[]): number[] {
  if (terms.length < 2) return [...terms]
  const count = database.prepare('SELECT count(*) AS segments FROM ledger_posting WHERE term = ?')
  const segments = new Map(terms.map(term => [term, Number(count.get(term)?.['segments'])]))
  return [...segments.keys()].sort((one, other) => (segments.get(one) ?? 0) - (segments.get(other) ?? 0))
}

/** Reads single entries. Positions that follow each other are mostly in one batch. */
function entryReader(database: DatabaseSync): (position: number) => StoredEntry | undefined {
  let batch: StoredBatch | undefined
  return position => {
    if (!batch || position < batch.id || position >= batch.id + batch.texts.length)
      [batch] = batchesBetween(database, position, position)
    const index = position - (batch?.id ?? 0)
    const text = batch?.texts[index]
    return text === undefined ? undefined : { position, text, hash: batch?.hashes[index] ?? '' }
  }
}
