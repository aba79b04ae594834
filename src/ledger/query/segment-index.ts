import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { eachTerm, type Field, searchedMembers } from '../entry/terms.ts'
import { entriesBetween } from './batch-reader.ts'
import { packPositions, segmentSize } from './postings.ts'

/** The segment of a position. Segment 0 holds the positions 1 to `segmentSize`. */
export function segmentOf(position: number): number {
  return Math.floor((position - 1) / segmentSize)
}

/** The first position of a segment. */
export function segmentStart(segment: number): number {
  return segment * segmentSize + 1
}

/** For each full segment and term the offsets of its entries. An index of each entry would cost several times as much. */
export class SegmentIndex {
  readonly #raw: DatabaseSync
  readonly #newest: StatementSync
  readonly #addSegment: StatementSync
  readonly #addTerm: StatementSync
  readonly #findTerm: StatementSync
  readonly #addPosting: StatementSync
  readonly #addRequests: StatementSync

  constructor(raw: DatabaseSync) {
    this.#raw = raw
    this.#newest = raw.prepare('SELECT coalesce(max(id), -1) AS segment FROM ledger_segment')
    // Rows that exist already are wrong, or left of an index that is made again: they must not keep an entry from being stored.
    this.#addSegment = raw.prepare(
      'INSERT OR REPLACE INTO ledger_segment (id, first_at, last_at) VALUES (?, ?, ?)'
    )
    this.#addTerm = raw.prepare('INSERT INTO ledger_term (field, value) VALUES (?, ?)')
    this.#findTerm = raw.prepare('SELECT id FROM ledger_term WHERE field = ? AND value = ?')
    this.#addPosting = raw.prepare(
      'INSERT OR REPLACE INTO ledger_posting (term, segment, places) VALUES (?, ?, ?)'
    )
    // All of a segment at once: a statement run for each takes twice as long.
    this.#addRequests = raw.prepare(
      `INSERT OR IGNORE INTO ledger_request (request_id, position)
       SELECT value, ? + key FROM json_each(?) WHERE value IS NOT NULL`
    )
  }

  /** The positions from `first` to `last` have been stored: indexes the segments that they complete. */
  extend(first: number, last: number): void {
    if (segmentOf(first) !== segmentOf(last + 1)) this.catchUp(last)
  }

  /** Indexes every segment that is full and not indexed, in a ledger whose newest position is `last`. */
  catchUp(last: number): void {
    const { segment } = this.#newest.get() as { segment: number }
    for (let next = segment + 1; next < segmentOf(last + 1); next++) this.#add(next)
  }

  #add(segment: number): void {
    const start = segmentStart(segment)
    const fields = new Map<Field, Map<string, number[]>>()
    let offset = 0
    const addTerm = (field: Field, value: string): void => {
      const values = fields.get(field) ?? new Map<string, number[]>()
      fields.set(field, values)
      const offsets = values.get(value)
      if (offsets) offsets.push(offset)
      else values.set(value, [offset])
    }
    const requests: (string | null)[] = []
    let [firstAt, lastAt] = ['~', '']
    for (const { position, text } of entriesBetween(this.#raw, start, start + segmentSize - 1)) {
      offset = position - start
      const entry = searchedMembers(text)
      eachTerm(entry, addTerm)
      requests[offset] = entry.request_id ?? null
      const at = entry.at ?? ''
      if (at < firstAt) firstAt = at
      if (at > lastAt) lastAt = at
    }
    this.#addRequests.run(start, JSON.stringify(requests))
    this.#addSegment.run(segment, firstAt, lastAt)
    for (const [field, values] of fields)
      for (const [value, offsets] of values)
        this.#addPosting.run(this.#termId(field, value), segment, packPositions(offsets))
  }

  #termId(field: Field, value: string): number {
    const known = this.#findTerm.get(field, value) as { id: number } | undefined
    return known?.id ?? Number(this.#addTerm.run(field, value).lastInsertRowid)
  }
}
