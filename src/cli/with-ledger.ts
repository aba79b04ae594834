import type { DatabaseSync } from 'node:sqlite'
import { loadConfig } from '../config/config.ts'
import { ledgerMigration } from '../store/sqlite/migrations.ts'
import { openReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import type { ProcessContext } from './context.ts'
import type { ConfigOptions } from './input/options.ts'

/** What a command works with that reads the ledger and writes nothing. */
export type OpenedLedger = {
  readonly context: ProcessContext
  readonly database: DatabaseSync
  readonly path: string
}

/** Runs `work` on the configured store, opened read-only: nothing is made or changed, and an earlier version is not migrated. */
export async function withLedger<T>(
  context: ProcessContext,
  options: ConfigOptions,
  work: (opened: OpenedLedger) => T | Promise<T>
): Promise<T> {
  const config = loadConfig(context.env, options.config)
  const { path, raw } = openReadOnlyStore(config.storeUrl, ledgerMigration)
  try {
    return await work({ context, database: raw, path })
  } finally {
    raw.close()
  }
}
