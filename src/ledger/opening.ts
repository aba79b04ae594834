import type { EntryFields } from './entry.ts'

/** Where another chain stood when a writer opened. Deleting that chain's tail later is found through it. */
export type Anchor = { writer: string; seq: number; hash: string }

/** Who opens a chain: the program's role and version, and the process. */
export type WriterFacts = { role: 'gateway' | 'cli'; version: string; pid: number }

/** The first entry of every chain. `after` anchors it to the newest entry of the whole ledger, absent in an empty one. */
export function openedEntry(at: string, facts: WriterFacts, after: Anchor | undefined): EntryFields {
  return { at, kind: 'writer.opened', ...facts, after }
}

/** The newest entry of the ledger, over all writers. */
export const newestEntrySql = `SELECT writer, seq, lower(hex(hash)) AS hash FROM ledger ORDER BY id DESC LIMIT 1`
