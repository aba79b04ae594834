import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { HashedEntry } from '../entry/chain.ts'
import { SegmentIndex } from '../query/segment-index.ts'

/** Entries a row, at most: to read one of them, all of a row are read. */
const entriesPerRow = 500

/**
 * Stores sealed entries, inside a transaction of the caller's: a row for all of them, as a row for each would cost
 * several times as much. Keeps the index for searches in step.
 */
export class BatchWriter {
  readonly #insert: StatementSync
  readonly #index: SegmentIndex

  constructor(raw: DatabaseSync) {
    this.#insert = raw.prepare(
      `INSERT INTO ledger_batch (id, entries, writer, first_seq, hashes, texts)
       SELECT coalesce((SELECT id + entries FROM ledger_batch ORDER BY id DESC LIMIT 1), 1), ?, ?, ?, ?, ?`
    )
    this.#index = new SegmentIndex(raw)
  }

  /** Appends entries of one writer, of which the first has the number `firstSeq`. */
  append(writer: string, firstSeq: number, sealed: readonly HashedEntry[]): void {
    for (let from = 0; from < sealed.length; from += entriesPerRow)
      this.#appendRow(writer, firstSeq + from, sealed.slice(from, from + entriesPerRow))
  }

  #appendRow(writer: string, firstSeq: number, sealed: readonly HashedEntry[]): void {
    const hashes = Buffer.from(sealed.map(entry => entry.hash).join(''), 'hex')
    const texts = sealed.map(entry => entry.text).join('\n')
    const { lastInsertRowid } = this.#insert.run(sealed.length, writer, firstSeq, hashes, texts)
    const position = Number(lastInsertRowid)
    this.#index.extend(position, position + sealed.length - 1)
  }
}
