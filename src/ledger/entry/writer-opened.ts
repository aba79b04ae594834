import type { Head } from './chain.ts'
import type { EntryFields } from './entry.ts'

/**
 * Who opens a chain: the program's role and version, and the process. `admin` is a gateway that records one change: such
 * a chain is opened and ended in the transaction of the change.
 */
export type WriterFacts = { role: 'gateway' | 'admin' | 'cli'; version: string; pid: number }

/**
 * The first entry of every chain. `after` anchors it to the newest entry of the whole ledger, absent in an empty one: it
 * reveals that such an entry was cut off later.
 */
export function writerOpened(at: string, facts: WriterFacts, after: Head | undefined): EntryFields {
  return { at, kind: 'writer.opened', ...facts, after }
}

/** Whether the text of a `writer.opened` entry is that of a gateway. */
export function opensGateway(text: string): boolean {
  return text.includes('"role":"gateway"')
}
