import { DatabaseSync } from 'node:sqlite'
import type { KnownHead } from '../checker/chain.ts'

/** Follows a store's ledger from outside: each read gives the lines that came since the one before. */
export class LedgerReader {
  readonly #path: string
  readonly #heads = new Map<string, KnownHead>()
  #last = 0
  /** Every line read so far, in the form of an export, in the order of commits. */
  readonly lines: string[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** Reads on, and returns all lines so far. */
  read(): readonly string[] {
    const database = new DatabaseSync(this.#path, { readOnly: true, timeout: 5000 })
    try {
      const rows = database
        .prepare(
          'SELECT id, writer, seq, entry, lower(hex(hash)) AS hash FROM ledger WHERE id > ? ORDER BY id'
        )
        .all(this.#last) as { id: number; entry: string; writer: string; seq: number; hash: string }[]
      for (const { id, entry, writer, seq, hash } of rows) {
        this.#last = id
        this.lines.push(`${entry.slice(0, -1)},"hash":"${hash}"}`)
        this.#heads.set(writer, { writer, seq, hash })
      }
      return this.lines
    } finally {
      database.close()
    }
  }

  entries(): Record<string, unknown>[] {
    return this.read().map(line => JSON.parse(line) as Record<string, unknown>)
  }

  /** The latest entry of each writer as read so far: what must still be there at every later time. */
  get heads(): KnownHead[] {
    return [...this.#heads.values()]
  }
}
