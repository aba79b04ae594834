import { sql, type Transaction } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import { uuidv7 } from '../uuid.ts'
import { Chain } from './chain.ts'
import { draftOf } from './draft.ts'
import type { EntryFields } from './entry.ts'
import { type Anchor, newestEntrySql, openedEntry, type WriterFacts } from './opening.ts'

/** An administrative change as the ledger tells it: who, what, and the *names* of what changed, never values. */
export type AdminChange = {
  kind: `admin.${string}`
  tenant?: string
  key_id?: string
  connector_id?: string
  /** Names of the changed fields. */
  fields?: readonly string[]
}

export type Administrator = WriterFacts & {
  /** Who makes the change, e.g. `cli:alice`. */
  actor: string
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
  return await store.transact(async tx => {
    const { result, changes } = await work(tx)
    if (changes.length > 0) await writeChain(tx, administrator, at.toISOString(), changes)
    return result
  })
}

async function writeChain(
  tx: Transaction<Tables>,
  { actor, ...facts }: Administrator,
  at: string,
  changes: readonly AdminChange[]
): Promise<void> {
  const chain = Chain.start(uuidv7())
  const after = (await sql.raw<Anchor>(newestEntrySql).execute(tx)).rows[0]
  const entries: EntryFields[] = [
    openedEntry(at, facts, after),
    ...changes.map(change => ({ at, actor, ...change }))
  ]
  await tx
    .insertInto('writer')
    .values({ id: chain.head.writer, opened_at: at, closed_at: at, open_from: entries.length + 1 })
    .execute()
  for (const fields of entries) {
    const { text, hash } = chain.seal(draftOf(fields))
    await tx
      .insertInto('ledger')
      .values({ entry: text, hash: Buffer.from(hash, 'hex') })
      .execute()
  }
}
