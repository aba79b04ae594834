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
  readonly context: ProcessContext
  readonly config: Config
  readonly store: Store
  readonly administration: TenantAdministration
  /** Opens the master key as `serve` does: makes one where none is configured and the store has seen none. */
  readonly masterKey: () => Promise<StoreKeys>
  /** For changes of credentials, at this moment. */
  readonly custody: () => Promise<CredentialAdministration>
  /** The pepper of that master key. */
  readonly pepper: () => Promise<Pepper>
}

/** Runs `work`, which calls the upstream: the calls are recorded in the store, by a writer of their own. */
export async function withUpstream<T>(
  { context, config, store, masterKey }: OpenedStore,
  work: (upstream: VerifyOptions) => Promise<T>
): Promise<T> {
  const { role, version, pid } = context.administrator
  const ledger = synchronousLedger(store, { role, version, pid }, ledgerSigner(await masterKey()))
  try {
    return await work({ origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs, ledger })
  } finally {
    ledger.close()
  }
}

/** Runs `work` on the configured store, whether or not a gateway is running on it. */
export async function withStore<T>(
  context: ProcessContext,
  options: Pick<ConfigOptions, 'config'>,
  work: (opened: OpenedStore) => Promise<T>
): Promise<T> {
  const { env, administrator } = context
  const config = loadConfig(env, options.config)
  const store = await openStore(config.storeUrl)
  let keys: Promise<StoreKeys> | undefined
  const masterKey = () => {
    keys ??= openRootKey(store, config.masterKey, env, {
      createIfAbsent: config.masterKeyIsDefault,
      environment: config.execEnvironment
    })
    return keys
  }
  try {
    return await work({
      context,
      config,
      store,
      administration: { store, administrator, clock: () => new Date() },
      masterKey,
      custody: async () => ({ store, keys: await masterKey(), administrator, at: new Date() }),
      pepper: async () => apiKeyPepper(await masterKey())
    })
  } finally {
    store.close()
  }
}
