import type { DatabaseSync } from 'node:sqlite'
import { recordsOf } from '../admin/desired-state/apply.ts'
import type { CurrentState } from '../admin/desired-state/plan.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { openRootKey, type StoreKeys } from '../custody/crypto/root-key.ts'
import { readCredentialRows } from '../custody/manage/credential-rows.ts'
import { typedQueries } from '../store/queries.ts'
import { stateMigration } from '../store/sqlite/migrations.ts'
import { openReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import { readSnapshot } from '../store/sqlite/transaction.ts'
import { readStates } from '../tenants/tenant-state.ts'
import type { CliContext } from './context.ts'
import type { ConfigOptions } from './input/options.ts'

/** What a state is read for: credentials are proved when what they are is to be told, which takes the master key. */
export type ReadingOptions = ConfigOptions & { readonly proved: boolean }

/** Runs `work` with the state of the configured store, opened for reading alone: nothing is made or changed. */
export async function withCurrentState<T>(
  { env }: CliContext,
  options: ReadingOptions,
  work: (present: CurrentState, raw: DatabaseSync) => T | Promise<T>
): Promise<T> {
  const config = loadConfig(env, options.config)
  const { raw } = openReadOnlyStore(config.storeUrl, stateMigration)
  try {
    // A store without credentials has nothing to prove, and may have seen no master key: none is made here.
    const keys =
      options.proved && readCredentialRows(raw).credentials.length > 0 ? openKeys(raw, config, env) : null
    return await work(await presentState(raw, keys), raw)
  } finally {
    raw.close()
  }
}

function openKeys(raw: DatabaseSync, config: Config, env: CliContext['env']): StoreKeys {
  return openRootKey({ raw }, config.masterKey, env, { environment: config.execEnvironment })
}

/** All of it as it was at one moment. Throws CustodyBroken. */
async function presentState(raw: DatabaseSync, keys: StoreKeys | null): Promise<CurrentState> {
  using _ = readSnapshot(raw)
  return { tenants: await readStates(typedQueries(raw)), credentials: recordsOf(raw, keys) }
}
