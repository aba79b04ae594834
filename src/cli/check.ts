import { Command } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { ConfigError, type ConfigFault, located } from '../config-fault.ts'
import type { CredentialView } from '../custody/credential-views.ts'
import { openMasterKeyOf, WrongMasterKey } from '../custody/master-key-check.ts'
import { resolveSecret, SecretUnavailable, shownReference } from '../custody/secret-reference.ts'
import { describeMissing, missingEntries, missingEntriesRemedy } from '../ledger/missing-entries.ts'
import { StoreError } from '../store/sqlite.ts'
import { openStore, type Store } from '../store/store.ts'
import { type CallerFindings, callerFacts, checkCallers } from './check-callers.ts'
import { checkCredentials } from './check-credentials.ts'
import type { ProcessContext } from './context.ts'
import { type ConfigOptions, withConfigOptions } from './options.ts'
import { print } from './print.ts'
import { facts } from './table.ts'

/** What `check` found, when `serve` would start. Secrets appear by their references only. */
type Findings = {
  /** False when entries that were acknowledged are missing from the ledger. */
  readonly ok: boolean
  readonly listeners: { readonly public: string; readonly admin: string }
  readonly docs: Config['docs']
  readonly store: { readonly path: string; readonly tenants: number; readonly keys: number }
  readonly upstream: { readonly origin: string; readonly key: string }
  readonly credentials: readonly Pick<CredentialView, 'credential' | 'version' | 'source'>[]
  readonly master_key: string
  readonly callers: CallerFindings
  readonly warnings: readonly string[]
}

/** `check`: all that `serve` needs, without listening. */
export function checkCommand(context: ProcessContext): Command {
  return withConfigOptions(
    new Command('check').description('validate the configuration, open the store and the keys; do not listen')
  ).action(async (options: ConfigOptions) => {
    const findings = await check(loadConfig(context.env, options.config), context.env)
    print(context, options, findings, told(findings))
  })
}

async function check(config: Config, env: ProcessContext['env']): Promise<Findings> {
  const faults: ConfigFault[] = []
  const commands = { environment: config.execEnvironment }
  const callers = await checkCallers(config, faults)
  const store = await attempt(faults, 'GATEWAY_STORE_URL', () => openStore(config.storeUrl))
  try {
    const keys =
      store &&
      (await attempt(faults, 'GATEWAY_MASTER_KEY', () =>
        openMasterKeyOf(store, config.masterKey, env, {
          ...commands,
          createIfAbsent: config.masterKeyIsDefault
        })
      ))
    const missing = store
      ? ((await attempt(faults, 'GATEWAY_STORE_URL', () => missingEntries(store))) ?? [])
      : []
    const credentials =
      store && keys ? await checkCredentials(store, keys, config, { env, commands }, faults) : []
    // Without the store it cannot be known whether it is needed: told all the same.
    if (!keys)
      await attempt(faults, 'GATEWAY_UPSTREAM_KEY', () => resolveSecret(config.upstreamKey, env, commands))
    if (faults.length > 0 || !store)
      throw new ConfigError(faults.map(fault => located(fault, config.sources)))
    return {
      ok: missing.length === 0,
      listeners: {
        public: address(config.host, config.port),
        admin: address(config.adminHost, config.adminPort)
      },
      docs: config.docs,
      store: { path: store.path, ...(await count(store)) },
      upstream: { origin: config.upstreamOrigin, key: shownReference(config.upstreamKey) },
      credentials: credentials.map(({ credential, version, source }) => ({ credential, version, source })),
      master_key: shownReference(config.masterKey),
      callers,
      warnings: [...missing.map(describeMissing), ...config.warnings]
    }
  } finally {
    store?.close()
  }
}

/** Notes a fault under the setting that leads to it, so that all of them are told at once. */
async function attempt<T>(
  faults: ConfigFault[],
  key: string,
  work: () => T | Promise<T>
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const known = [StoreError, SecretUnavailable, WrongMasterKey].some(kind => error instanceof kind)
    if (!(known && error instanceof Error)) throw error
    faults.push({ key, detail: error.message })
    return undefined
  }
}

async function count({ db }: Store): Promise<{ tenants: number; keys: number }> {
  const { tenants } = await db
    .selectFrom('tenant')
    .select(({ fn }) => fn.countAll<number>().as('tenants'))
    .executeTakeFirstOrThrow()
  const { keys } = await db
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll<number>().as('keys'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { tenants, keys }
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function told(findings: Findings): string {
  const { listeners, docs, store, upstream, credentials, master_key, callers, warnings } = findings
  const found = facts([
    ['public listener', listeners.public],
    ['admin listener', listeners.admin],
    ['docs', docs === 'off' ? 'off' : `on the ${docs} listener`],
    ['store', `${store.path} (${store.tenants} tenants, ${store.keys} keys)`],
    ['upstream', upstream.origin],
    ['upstream key', upstream.key],
    ...credentials.map(
      ({ credential, version, source }) =>
        ['credential', `${credential}@${version}, ${source} (opens)`] as const
    ),
    ['master key', `${master_key} (fits the store)`],
    ...callerFacts(callers)
  ])
  const end = findings.ok ? 'All is well.' : `The ledger is incomplete: ${missingEntriesRemedy}.`
  return `${found}${warnings.map(warning => `warning: ${warning}\n`).join('')}\n${end}\n`
}
