import type { DatabaseSync } from 'node:sqlite'
import type { Transaction } from 'kysely'
import { uuidv7 } from '../../base/uuid.ts'
import type { Store } from '../../store/store.ts'
import type { Tables } from '../../store/tables.ts'
import type { AdminChange } from '../entry/admin-change.ts'
import { Chain, type Head } from '../entry/chain.ts'
import { pendingEntry } from '../entry/pending-entry.ts'
import { type Signer, signedBy } from '../entry/signature.ts'
import { type WriterInfo, writerOpened } from '../entry/writer-opened.ts'
import { newestHead } from '../query/chain-heads.ts'
import { BatchWriter } from './batch-writer.ts'
import { acknowledge } from './missing-entries.ts'

/** Who makes a change, and how. */
export type Administrator = WriterInfo & {
  /** Who makes it, e.g. `cli:alice`. */
  actor: string
  /** The machine that a command runs on. */
  host?: string | undefined
  /** The user who ran sudo, by its environment. */
  sudoUser?: string | undefined
  /** The request that asked for it. */
  requestId?: string | undefined
  /** Signs the entries of the change. */
  signer?: Signer
}

/** Runs an administrative change and writes its entries, in a chain of their own, in one transaction. Without changes none. */
export async function changeWithEntries<T>(
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

/** Writes the entries of a change, inside its transaction. Returns their head, to be acknowledged after the commit. */
export function recordChanges(
  raw: DatabaseSync,
  { actor, host, sudoUser, requestId, signer, ...facts }: Administrator,
  at: string,
  changes: readonly AdminChange[]
): Head {
  const chain = Chain.start(uuidv7(), signer)
  const { writer } = chain.head
  const by = { actor, actor_host: host, actor_sudo: sudoUser, request_id: requestId }
  const entries = [
    writerOpened(at, facts, newestHead(raw)),
    ...changes.map(change => ({ at, ...by, ...change, ...signedBy(signer) }))
  ].map(fields => chain.append(pendingEntry(fields)))
  raw
    .prepare('INSERT INTO writer (id, opened_at, closed_at, open_from) VALUES (?, ?, ?, ?)')
    .run(writer, at, at, entries.length + 1)
  new BatchWriter(raw).append(writer, 1, entries)
  return chain.tip
}
