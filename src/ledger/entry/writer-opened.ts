import type { Head } from './chain.ts'
import type { EntryFields } from './entry.ts'

/** Who opens a chain. `admin` is a gateway that records one change, in a chain of its own. */
export type WriterInfo = { role: 'gateway' | 'admin' | 'cli'; version: string; pid: number }

/** The first entry of every chain. `after` is the newest entry of the whole ledger: it reveals that this was cut off later. */
export function writerOpened(at: string, facts: WriterInfo, after: Head | undefined): EntryFields {
  return { at, kind: 'writer.opened', ...facts, after }
}

/** Whether the text of a `writer.opened` entry is that of a gateway. */
export function opensGateway(text: string): boolean {
  return text.includes('"role":"gateway"')
}
