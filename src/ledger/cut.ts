import type { DatabaseSync } from 'node:sqlite'
import type { Head } from './chain.ts'
import type { LedgerEntry } from './entry.ts'
import { asHead } from './found-entry.ts'
import { searchLedger } from './search.ts'
import { cutPosition } from './stored-batch.ts'

/** The kind of the entry that tells of a cut. It is signed. */
export const cutKind = 'admin.ledger.prune'

/** Where the beginning of the ledger has been cut off: what has to be known to check the rest without it. */
export type Cut = {
  /** The position of the last entry that was removed. */
  readonly position: number
  /** The time before which everything was removed, RFC 3339. */
  readonly before: string
  /** The chains that had not ended there, and the last entry removed. */
  readonly heads: readonly Head[]
  /** Calls whose intent was removed and whose outcome was not: `<request id> <attempt>`. */
  readonly open: readonly string[]
}

/** The cut that an entry of `cutKind` tells of, or null when it tells of none. */
export function cutIn(entry: Readonly<Record<string, unknown>>): Cut | null {
  if (entry['kind'] !== cutKind || typeof entry['cut'] !== 'object' || entry['cut'] === null) return null
  const { position, before, heads, open } = entry['cut'] as Readonly<Record<string, unknown>>
  if (!Number.isSafeInteger(position) || typeof before !== 'string') return null
  if (!Array.isArray(heads) || !Array.isArray(open)) return null
  const known = heads.map(asHead).filter(head => head !== undefined)
  return { position: Number(position), before, heads: known, open: open.map(String) }
}

/** The newest cut of a store, or null when nothing has been pruned, or nothing tells how. */
export function cutOf(database: DatabaseSync): { cut: Cut; entry: LedgerEntry } | null {
  const position = cutPosition(database)
  if (position === 0) return null
  const [entry] = searchLedger(database, { kind: cutKind }, { limit: 1 }).items
  const cut = entry && cutIn(entry)
  return entry && cut?.position === position ? { cut, entry } : null
}

/**
 * Whether a chain of which nothing is left ended before the cut. Its id tells when it was opened (UUIDv7); one that was
 * opened before the cut and had not ended there is among the cut's heads.
 */
export function endedBefore(cut: Cut, writer: string): boolean {
  const openedMs = Number.parseInt(writer.replaceAll('-', '').slice(0, 12), 16)
  return openedMs < Date.parse(cut.before) && cut.heads.every(head => head.writer !== writer)
}
