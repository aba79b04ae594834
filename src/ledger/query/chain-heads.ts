import type { DatabaseSync } from 'node:sqlite'
import type { Head } from '../entry/chain.ts'
import { asHead } from '../entry/parse-entry.ts'

/** The newest entry of the ledger, over all writers or of one. */
export function newestHead(database: DatabaseSync, writer?: string): Head | undefined {
  const heads =
    'SELECT writer, first_seq + entries - 1 AS seq, lower(hex(substr(hashes, -32))) AS hash FROM ledger_batch'
  const row =
    writer === undefined
      ? database.prepare(`${heads} ORDER BY id DESC LIMIT 1`).get()
      : database.prepare(`${heads} WHERE writer = ? ORDER BY first_seq DESC LIMIT 1`).get(writer)
  return row && ({ ...row } as Head)
}

/** The latest entry of each writer, in the order in which the writers opened. */
export function readChainHeads(database: DatabaseSync): Head[] {
  const writers = database.prepare('SELECT id FROM writer ORDER BY opened_at, id').all() as { id: string }[]
  return writers.flatMap(({ id }) => newestHead(database, id) ?? [])
}

/** Reads what `ledger head --json` printed; null if it is not that. */
export function parseChainHeads(text: string): Head[] | null {
  try {
    const { heads } = JSON.parse(text) as { heads: unknown }
    if (!Array.isArray(heads)) return null
    const parsed = heads.map(asHead)
    return parsed.every(head => head !== undefined) ? parsed : null
  } catch {
    return null
  }
}

type WriterRow = { id: string; open_from: number }

/** What the store's list of writers says about its chains: the least number of entries of each, and who writes. */
export function readWriters(database: DatabaseSync): {
  lengths: Map<string, number>
  isWriter(writer: string): boolean
} {
  const rows = database.prepare('SELECT id, open_from FROM writer').all() as WriterRow[]
  const find = database.prepare('SELECT 1 FROM writer WHERE id = ?')
  return {
    // A writer's row is stored together with its first entry, and later records up to where its calls are closed.
    lengths: new Map(rows.map(({ id, open_from }) => [id, Math.max(1, open_from - 1)])),
    isWriter: writer => find.get(writer) !== undefined
  }
}
