import type { DatabaseSync } from 'node:sqlite'
import type { Transaction } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import { uuidv7 } from '../uuid.ts'
import { BatchTable } from './batch-table.ts'
import { Chain, type Head } from './chain.ts'
import type { Cut } from './cut.ts'
import { draftOf } from './draft.ts'
import type { EntryFields } from './entry.ts'
import { acknowledge } from './missing-entries.ts'
import { newestHead, openedEntry, type WriterFacts } from './opening.ts'
import { type Signer, signedBy } from './signature.ts'

/** An administrative change as the ledger tells it: who, what, and the *names* of what changed, never values. */
export type AdminChange = {
  kind: `admin.${string}`
  tenant?: string
  key_id?: string
  connector_id?: string
  /** `name@version`. */
  credential?: string
  /** How often credentials had been changed, this change included: an older state that is put back is told by it. */
  generation?: number
  /** Names of the changed fields. */
  fields?: readonly string[]
  /** Of a prune: what was cut off, and the archive that holds it. */
  cut?: Cut
  archive?: { readonly entries: number; readonly sha256: string }
}

export type Administrator = WriterFacts & {
  /** Who makes the change, e.g. `cli:alice`. */
  actor: string
  /** Signs the entries of the change. */
  signer?: Signer
}

/**
 * Runs an administrative change and writes its ledger entries in the same transaction: both are durable, or neither.
 * The entries form a short chain of their own that is opened and closed here. Without a change nothing is written.
 */
export async function administer<T>(
  store: Store,
  administrator: Administrator,
  at: Date,
  work: (tx: Transaction<Tables>) => Promise<{ result: T; changes: readonly AdminChange[] }>
): Promise<T> {
  let head: Head | undefined
  const result = await store.transact(async tx => {
    const { result, changes } = await work(tx)
    if (changes.length > 0) head = recordChanges(store.raw, administrator, at.toISOString(), changes)
    return result
  })
  if (head) acknowledge(store, head)
  return result
}

/**
 * Writes the entries of a change, inside its transaction: the store has one connection. Returns the end of their chain, to be
 * acknowledged once it is committed.
 */
export function recordChanges(
  raw: DatabaseSync,
  { actor, signer, ...facts }: Administrator,
  at: string,
  changes: readonly AdminChange[]
): Head {
  const chain = Chain.start(uuidv7(), signer)
  const entries: EntryFields[] = [
    openedEntry(at, facts, newestHead(raw)),
    ...changes.map(change => ({ at, actor, ...change, ...signedBy(signer) }))
  ]
  raw
    .prepare('INSERT INTO writer (id, opened_at, closed_at, open_from) VALUES (?, ?, ?, ?)')
    .run(chain.head.writer, at, at, entries.length + 1)
  new BatchTable(raw).append(
    chain.head.writer,
    1,
    entries.map(fields => chain.seal(draftOf(fields)))
  )
  return chain.tip
}
