import { type Config, loadConfig } from '../config/config.ts'
import { ledgerSigner } from '../custody/crypto/ledger-signer.ts'
import { openRootKey, type StoreKeys } from '../custody/crypto/root-key.ts'
import type { CredentialAdministration } from '../custody/manage/transaction.ts'
import { synchronousLedger } from '../ledger/writer/synchronous-ledger.ts'
import { openStore, type Store } from '../store/store.ts'
import { apiKeyPepper, type Pepper } from '../tenants/keys/api-key.ts'
import type { TenantAdministration } from '../tenants/transaction.ts'
import type { VerifyOptions } from '../upstream/verify-credential.ts'
import type { ProcessContext } from './context.ts'
import type { ConfigOptions } from './input/options.ts'

/** What a command works with once the store is open. */
export type OpenedStore = {
  readonly config: Config
  readonly store: Store
  readonly administration: TenantAdministration
  /** Opens the master key as `serve` does: makes one where none is configured and the store has seen none. */
  readonly masterKey: () => StoreKeys
  /** For changes of credentials, at this moment. */
  readonly custody: () => CredentialAdministration
  /** The pepper of that master key. */
  readonly pepper: () => Pepper
}

/** Runs `work`, which calls the upstream: the calls are recorded in the store, by a writer of their own. */
export async function withUpstream<T>(
  { administrator: { role, version, pid } }: ProcessContext,
  { config, store, masterKey }: OpenedStore,
  work: (upstream: VerifyOptions) => Promise<T>
): Promise<T> {
  const ledger = synchronousLedger(store, { role, version, pid }, ledgerSigner(masterKey()))
  try {
    return await work({ origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs, ledger })
  } finally {
    ledger.close()
  }
}

/** Runs `work` on the configured store, whether or not a gateway is running on it. */
export async function withStore<T>(
  { env, administrator }: ProcessContext,
  options: ConfigOptions,
  work: (opened: OpenedStore) => Promise<T>
): Promise<T> {
  const config = loadConfig(env, options.config)
  const store = await openStore(config.storeUrl)
  const masterKey = () =>
    openRootKey(store, config.masterKey, env, {
      createIfAbsent: config.masterKeyIsDefault,
      environment: config.execEnvironment
    })
  try {
    return await work({
      config,
      store,
      administration: { store, administrator, clock: () => new Date() },
      masterKey,
      custody: () => ({ store, keys: masterKey(), administrator, at: new Date() }),
      pepper: () => apiKeyPepper(masterKey())
    })
  } finally {
    store.close()
  }
}
