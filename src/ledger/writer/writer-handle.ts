import type { StatementSync } from 'node:sqlite'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { BatchWriter } from './batch-writer.ts'

/** What a writer uses of an open store. When the store is opened again, it gets another one of these. */
export type WriterHandle = {
  readonly store: StoreFile
  readonly table: BatchWriter
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly ownRow: StatementSync
  readonly noteOpenFrom: StatementSync
}

export function handleOf(store: StoreFile): WriterHandle {
  return {
    store,
    table: new BatchWriter(store.raw),
    begin: store.raw.prepare('BEGIN IMMEDIATE'),
    commit: store.raw.prepare('COMMIT'),
    ownRow: store.raw.prepare('SELECT closed_at FROM writer WHERE id = ?'),
    noteOpenFrom: store.raw.prepare('UPDATE writer SET open_from = ? WHERE id = ?')
  }
}

/** Ends a transaction that has failed. One that cannot be rolled back ends with its handle. */
export function rollBack({ raw }: StoreFile): void {
  try {
    if (raw.isTransaction) raw.exec('ROLLBACK')
  } catch {
    // What made the transaction fail is told already, and says more.
  }
}
