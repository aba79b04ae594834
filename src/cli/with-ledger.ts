import type { DatabaseSync } from 'node:sqlite'
import { loadConfig } from '../config/config.ts'
import { ledgerMigration } from '../store/sqlite/migrations.ts'
import { openReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import type { CliContext } from './context.ts'
import type { ConfigOptions } from './input/options.ts'

/** Runs `work` on the configured store, opened read-only: nothing is made or changed, and an earlier version is not migrated. */
export async function withLedger<T>(
  { env }: CliContext,
  options: ConfigOptions,
  work: (database: DatabaseSync, path: string) => T | Promise<T>
): Promise<T> {
  const { path, raw } = openReadOnlyStore(loadConfig(env, options.config).storeUrl, ledgerMigration)
  try {
    return await work(raw, path)
  } finally {
    raw.close()
  }
}
