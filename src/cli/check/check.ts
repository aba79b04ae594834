import type { DatabaseSync } from 'node:sqlite'
import type { Config, ConfigRead } from '../../config/config.ts'
import { type ConfigIssue, settingOf } from '../../config/error.ts'
import { describeWarnings, settingWarnings } from '../../config/warnings.ts'
import { type InspectedMasterKey, inspectMasterKey } from '../../custody/crypto/root-key.ts'
import { readCredentialRows } from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { describeMissing, missingEntries } from '../../ledger/writer/missing-entries.ts'
import { type InspectedStore, inspectStore } from '../../store/sqlite/inspect-store.ts'
import type { ProcessContext } from '../context.ts'
import { checkAuthentication } from './authentication.ts'
import { type CredentialFinding, checkCredentials, checkSettingKey, openCredentials } from './credentials.ts'
import type { Findings } from './findings.ts'
import { checkListeners } from './listeners.ts'
import { attempt, type Notes } from './notes.ts'
import { countIn, mappingWarnings, readFrom, storeWarnings } from './store.ts'

/** What came of a check. `findings` is null where faults leave too little to look at. */
export type Checked = {
  readonly faults: readonly ConfigIssue[]
  readonly warnings: readonly string[]
  readonly findings: Findings | null
  /** True when a gateway opened the store meanwhile: the findings mix its states before and after. */
  readonly isStale: boolean
}

/** Checks everything before it reports anything, so that one run shows all faults. Changes nothing. */
export async function check(read: ConfigRead, env: ProcessContext['env']): Promise<Checked> {
  const checked = await look(read, env)
  return checked.isStale ? await look(read, env) : checked
}

async function look(read: ConfigRead, env: ProcessContext['env']): Promise<Checked> {
  const { config, isWhole } = read
  // Without the configuration file the defaults apply: findings about those would mislead.
  if (!isWhole) return { faults: read.faults, warnings: [], findings: null, isStale: false }
  const notes: Notes = { faults: [...read.faults], warnings: [] }
  const { faults } = notes
  await checkListeners(config, faults)
  const callers = await checkAuthentication(config, notes)
  const store = await ifSound(read, ['GATEWAY_STORE_URL'], notes, () => inspectStore(config.storeUrl))
  try {
    const masterKey = await ifSound(read, ['GATEWAY_MASTER_KEY', 'GATEWAY_EXEC_ENVIRONMENT'], notes, () =>
      inspectMasterKey(store?.raw ?? null, config.masterKey, env, {
        environment: config.execEnvironment,
        createIfAbsent: config.masterKeyIsDefault
      })
    )
    const missing = await attempt(notes, 'GATEWAY_STORE_URL', () =>
      readFrom(store, raw => missingEntries({ path: store?.path ?? '', raw }))
    )
    const credentials = await credentialsIn(store, masterKey, read, env, notes)
    const counts = (await readFrom(store, countIn)) ?? { tenants: 0, keys: 0 }
    notes.warnings.push(...(await mappingsIn(store, config)), ...storeWarnings(store, config))
    const warnings = [
      ...(missing ?? []).map(describeMissing),
      ...settingWarnings(config, callers.material, new Date()),
      ...describeWarnings(notes.warnings, config)
    ]
    const isStale = store?.isStale() ?? false
    if (!store || !masterKey) return { faults, warnings, findings: null, isStale }
    const findings: Findings = {
      ok: !missing?.length,
      listeners: {
        public: address(config.host, config.port),
        admin: address(config.adminHost, config.adminPort)
      },
      docs: config.docs,
      store: { path: store.path, state: store.state, ...counts },
      upstream: { origin: config.upstreamOrigin, key: shownReference(config.upstreamKey) },
      credentials,
      master_key: shownReference(config.masterKey),
      master_key_state: masterKey.state,
      callers: callers.findings,
      warnings
    }
    return { faults, warnings, findings, isStale }
  } finally {
    store?.close()
  }
}

/** Does `work` unless the settings that it needs have faults. Its failure is noted under the first of them. */
async function ifSound<T>(
  read: ConfigRead,
  settings: readonly [string, ...string[]],
  notes: Notes,
  work: () => T | Promise<T>
): Promise<T | undefined> {
  return hasFault(read, settings) ? undefined : await attempt(notes, settings[0], work)
}

function hasFault({ faults }: ConfigRead, settings: readonly string[]): boolean {
  return faults.some(fault => settings.includes(settingOf(fault)))
}

async function mappingsIn(store: InspectedStore | undefined, config: Config): Promise<ConfigIssue[]> {
  if (!store?.raw) return await mappingWarnings(null, config)
  return (await readFrom(store, raw => mappingWarnings(raw, config))) ?? []
}

async function credentialsIn(
  store: InspectedStore | undefined,
  masterKey: InspectedMasterKey | undefined,
  read: ConfigRead,
  env: ProcessContext['env'],
  notes: Notes
): Promise<readonly CredentialFinding[]> {
  if (hasFault(read, ['GATEWAY_UPSTREAM_KEY', 'GATEWAY_EXEC_ENVIRONMENT'])) return []
  const { config } = read
  const sources = { env, commands: { environment: config.execEnvironment } }
  const keys = masterKey?.keys
  if (store && keys) {
    const opened = await attempt(notes, 'credentials', () =>
      readFrom(store, raw => openCredentials(raw, keys, sources))
    )
    return opened ? await checkCredentials(opened, config, notes) : []
  }
  if (!(await readFrom(store, hasOwnDefault))) await checkSettingKey(config, sources, notes)
  return []
}

/** Whether the store has a `default` of its own, so that the setting is not needed. The rows need no proof for this. */
function hasOwnDefault(raw: DatabaseSync): boolean {
  return readCredentialRows(raw).credentials.some(
    ({ name, removed_at, follows_setting }) => name === 'default' && removed_at === null && !follows_setting
  )
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
