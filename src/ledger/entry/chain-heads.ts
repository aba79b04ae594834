import type { DatabaseSync } from 'node:sqlite'
import type { Head } from './chain.ts'
import { asHead } from './parse-entry.ts'

/** The latest entry of each writer, in the order in which the writers opened. */
export function readChainHeads(database: DatabaseSync): Head[] {
  const rows = database
    .prepare(
      `SELECT batch.writer, first_seq + entries - 1 AS seq, lower(hex(substr(hashes, -32))) AS hash FROM writer
       JOIN ledger_batch AS batch ON batch.writer = writer.id
         AND first_seq = (SELECT max(first_seq) FROM ledger_batch WHERE writer = writer.id)
       ORDER BY opened_at, writer.id`
    )
    .all() as Head[]
  return rows.map(({ writer, seq, hash }) => ({ writer, seq, hash }))
}

/** Reads what `ledger head --json` printed. Null when it is not that. */
export function parseChainHeads(text: string): Head[] | null {
  try {
    const { heads } = JSON.parse(text) as { heads: unknown }
    if (!Array.isArray(heads)) return null
    const found = heads.map(asHead)
    return found.every(head => head !== undefined) ? found : null
  } catch {
    return null
  }
}

/** What the store's list of writers says about its ledger: how many entries each chain has at least, and who writes. */
export function readWriters(database: DatabaseSync): {
  lengths: Map<string, number>
  isWriter(writer: string): boolean
} {
  const rows = database.prepare('SELECT id, open_from FROM writer').all() as {
    id: string
    open_from: number
  }[]
  const find = database.prepare('SELECT 1 FROM writer WHERE id = ?')
  return {
    // A writer's row is made together with its first entry, and notes later up to where its calls are closed.
    lengths: new Map(rows.map(({ id, open_from }) => [id, Math.max(1, open_from - 1)])),
    isWriter: writer => find.get(writer) !== undefined
  }
}
