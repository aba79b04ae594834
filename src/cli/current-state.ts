import type { DatabaseSync } from 'node:sqlite'
import { recordsOf } from '../admin/desired-state/apply.ts'
import type { CurrentState } from '../admin/desired-state/plan.ts'
import { loadConfig } from '../config/config.ts'
import { openRootKey, type StoreKeys } from '../custody/crypto/root-key.ts'
import { readCredentialRows } from '../custody/manage/credential-rows.ts'
import { typedQueries } from '../store/queries.ts'
import { stateMigration } from '../store/sqlite/migrations.ts'
import { openReadOnlyStore } from '../store/sqlite/read-only-store.ts'
import { readTransaction } from '../store/sqlite/transaction.ts'
import { readStates } from '../tenants/tenant-state.ts'
import type { ProcessContext } from './context.ts'
import type { ConfigOptions } from './input/options.ts'

/**
 * Runs `work` with the state of the configured store, opened only for reading. If `verified`, credentials are checked against
 * their digest, which takes the master key. Throws `credentials_damaged`.
 */
export async function withCurrentState<T>(
  { env }: ProcessContext,
  options: ConfigOptions,
  verified: boolean,
  work: (current: CurrentState, raw: DatabaseSync) => T | Promise<T>
): Promise<T> {
  const { storeUrl, masterKey, execEnvironment } = loadConfig(env, options.config)
  const { raw } = openReadOnlyStore(storeUrl, stateMigration)
  try {
    // A store without credentials has nothing to verify, and may have no master key yet: none is made here.
    const isVerified = verified && readCredentialRows(raw).credentials.length > 0
    const keys = isVerified
      ? await openRootKey({ raw }, masterKey, env, { environment: execEnvironment })
      : null
    return await work(await readCurrentState(raw, keys), raw)
  } finally {
    raw.close()
  }
}

/** The whole state at one moment. */
async function readCurrentState(raw: DatabaseSync, keys: StoreKeys | null): Promise<CurrentState> {
  using _ = readTransaction(raw)
  return { tenants: await readStates(typedQueries(raw)), credentials: recordsOf(raw, keys) }
}
