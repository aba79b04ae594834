import type { DatabaseSync } from 'node:sqlite'
import type { Head } from './chain.ts'
import type { EntryFields } from './entry.ts'

/**
 * Who opens a chain: the program's role and version, and the process. `admin` is a gateway that records one change: such
 * a chain is opened and ended in the transaction of the change.
 */
export type WriterFacts = { role: 'gateway' | 'admin' | 'cli'; version: string; pid: number }

/**
 * The first entry of every chain. `after` anchors it to the newest entry of the whole ledger, absent in an empty one: if
 * that entry is cut off later, the anchor tells.
 */
export function writerOpened(at: string, facts: WriterFacts, after: Head | undefined): EntryFields {
  return { at, kind: 'writer.opened', ...facts, after }
}

/** Whether the text of a `writer.opened` entry is that of a gateway. */
export function opensGateway(text: string): boolean {
  return text.includes('"role":"gateway"')
}

/** The newest entry of the ledger, over all writers or of one. */
export function newestHead(database: DatabaseSync, writer?: string): Head | undefined {
  const columns = 'writer, first_seq + entries - 1 AS seq, lower(hex(substr(hashes, -32))) AS hash'
  const row =
    writer === undefined
      ? database.prepare(`SELECT ${columns} FROM ledger_batch ORDER BY id DESC LIMIT 1`).get()
      : database
          .prepare(`SELECT ${columns} FROM ledger_batch WHERE writer = ? ORDER BY first_seq DESC LIMIT 1`)
          .get(writer)
  return row && ({ ...row } as Head)
}
