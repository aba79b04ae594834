import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { HashedEntry } from '../entry/chain.ts'
import { SegmentIndex } from '../query/segment-index.ts'

/** Entries a row, at most: whoever reads one of them reads the whole row. */
const entriesPerRow = 500

/** Stores hashed entries and their index, inside the caller's transaction. A row for each would cost several times as much. */
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

  /** Appends entries of one writer. `firstSeq` is the number of the first. */
  append(writer: string, firstSeq: number, entries: readonly HashedEntry[]): void {
    for (let from = 0; from < entries.length; from += entriesPerRow)
      this.#appendRow(writer, firstSeq + from, entries.slice(from, from + entriesPerRow))
  }

  #appendRow(writer: string, firstSeq: number, entries: readonly HashedEntry[]): void {
    const hashes = Buffer.from(entries.map(entry => entry.hash).join(''), 'hex')
    const texts = entries.map(entry => entry.text).join('\n')
    const { lastInsertRowid } = this.#insert.run(entries.length, writer, firstSeq, hashes, texts)
    const position = Number(lastInsertRowid)
    this.#index.extend(position, position + entries.length - 1)
  }
}
