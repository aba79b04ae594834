import type { DatabaseSync } from 'node:sqlite'
import { type ChainedEntry, exportLine } from './entry.ts'
import { ledgerRows } from './stored-entries.ts'

/** Export lines with their line ends, in commit order, in batches; after the row `after`, or all. */
export function* exportedLines(database: DatabaseSync, after = 0): Generator<string> {
  for (const rows of ledgerRows(database, after)) {
    const lines = rows.map(([, text, hash]) => exportLine({ ...(JSON.parse(text) as ChainedEntry), hash }))
    yield `${lines.join('\n')}\n`
  }
}

/** The row that holds an entry, so that an export can go on after it; null when there is no such entry. */
export function rowOf(database: DatabaseSync, writer: string, seq: number): number | null {
  const row = database.prepare('SELECT id FROM ledger WHERE writer = ? AND seq = ?').get(writer, seq)
  return (row as { id: number } | undefined)?.id ?? null
}
