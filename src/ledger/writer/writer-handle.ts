import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { BatchWriter } from './batch-writer.ts'

/** What a writer uses of an open store. A store that is opened again gets a new one. */
export type WriterHandle = ReturnType<typeof handleOf>

export function handleOf(store: StoreFile) {
  return {
    store,
    batches: new BatchWriter(store.raw),
    begin: store.raw.prepare('BEGIN IMMEDIATE'),
    commit: store.raw.prepare('COMMIT'),
    ownRow: store.raw.prepare('SELECT closed_at FROM writer WHERE id = ?'),
    updateRow: store.raw.prepare('UPDATE writer SET closed_at = ?, open_from = ? WHERE id = ?')
  } as const
}

/** Ends a transaction that has failed. One that cannot be rolled back ends with its handle. */
export function rollBack({ raw }: StoreFile): void {
  try {
    if (raw.isTransaction) raw.exec('ROLLBACK')
  } catch {
    // The error that made the transaction fail is reported, and says more.
  }
}
