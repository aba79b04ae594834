import type { Config, ConfigRead } from '../../config/config.ts'
import { type ConfigIssue, settingOf } from '../../config/error.ts'
import { describeWarnings, settingWarnings } from '../../config/warnings.ts'
import { hasCode } from '../../contract/error-table.ts'
import { type InspectedMasterKey, inspectMasterKey } from '../../custody/crypto/root-key.ts'
import type { SecretSources } from '../../custody/load-version.ts'
import { readCredentialRows } from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { describeMissing, type MissingEntries, missingEntries } from '../../ledger/writer/missing-entries.ts'
import { type InspectedStore, inspectStore } from '../../store/sqlite/inspect-store.ts'
import { isStoreError } from '../../store/store-fault.ts'
import type { ProcessContext } from '../context.ts'
import { checkAuthentication } from './authentication.ts'
import { type CredentialFindings, checkCredentials, checkSettingKey, type Notes } from './credentials.ts'
import type { Findings } from './findings.ts'
import { checkListeners } from './listeners.ts'
import { countIn, mappingWarnings, nothingCounted, readIfThere, storeWarnings } from './store.ts'

/** What came of a check. `findings` is null where faults leave too little to look at. */
export type Checked = {
  readonly faults: readonly ConfigIssue[]
  readonly warnings: readonly string[]
  readonly findings: Findings | null
}

/** Everything is looked at before anything is said: one run tells all that has to be mended. Nothing is changed. */
export async function check(read: ConfigRead, env: ProcessContext['env']): Promise<Checked> {
  const { isStale, ...checked } = await look(read, env)
  if (!isStale) return checked
  const { isStale: _, ...again } = await look(read, env)
  return again
}

async function look(read: ConfigRead, env: ProcessContext['env']): Promise<Checked & { isStale: boolean }> {
  const { config, isWhole } = read
  // Without its file other settings hold than were meant: what is found by those would mislead.
  if (!isWhole) return { faults: read.faults, warnings: [], findings: null, isStale: false }
  const notes: Notes = { faults: [...read.faults], warnings: [] }
  await checkListeners(config, notes.faults)
  const callers = await checkAuthentication(config, notes)
  const store = await ifSound(read, ['GATEWAY_STORE_URL'], notes, () => inspectStore(config.storeUrl))
  try {
    const masterKey = await ifSound(read, ['GATEWAY_MASTER_KEY', 'GATEWAY_EXEC_ENVIRONMENT'], notes, () =>
      inspectMasterKey(store?.raw ?? null, config.masterKey, env, {
        environment: config.execEnvironment,
        createIfAbsent: config.masterKeyIsDefault
      })
    )
    const missing = store ? ((await attempt(notes, 'GATEWAY_STORE_URL', () => missingIn(store))) ?? []) : []
    const sources = { env, commands: { environment: config.execEnvironment } }
    const credentials = await credentialsIn(store, masterKey, read, sources, notes)
    const counts = store && (await readFrom(store, raw => countIn(raw)))
    notes.warnings.push(...(await mappingsIn(store, config)))
    if (store) notes.warnings.push(...storeWarnings(store, config))
    const warnings = [
      ...missing.map(describeMissing),
      ...settingWarnings(config, callers.material, new Date()),
      ...describeWarnings(notes.warnings, config)
    ]
    const isStale = store?.isStale() ?? false
    if (!store || !masterKey) return { faults: notes.faults, warnings, findings: null, isStale }
    const findings: Findings = {
      ok: missing.length === 0,
      listeners: {
        public: address(config.host, config.port),
        admin: address(config.adminHost, config.adminPort)
      },
      docs: config.docs,
      store: { path: store.path, state: store.state, ...(counts ?? nothingCounted) },
      upstream: { origin: config.upstreamOrigin, key: shownReference(config.upstreamKey) },
      credentials,
      master_key: shownReference(config.masterKey),
      master_key_state: masterKey.state,
      callers: callers.findings,
      warnings
    }
    return { faults: notes.faults, warnings, findings, isStale }
  } finally {
    store?.close()
  }
}

/** Does `work` where the settings that it needs have no faults themselves; the first of them leads to it. */
async function ifSound<T>(
  { faults }: ConfigRead,
  names: readonly [string, ...string[]],
  notes: Notes,
  work: () => T | Promise<T>
): Promise<T | undefined> {
  if (faults.some(fault => names.includes(settingOf(fault)))) return undefined
  return await attempt(notes, names[0], work)
}

/** Notes a fault under the setting that leads to it. */
async function attempt<T>(notes: Notes, key: string, work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isStoreError(error) && !hasCode(error, 'secret_unavailable', 'master_key_wrong')) throw error
    notes.faults.push({ key, detail: error.message })
    return undefined
  }
}

/** What is in a store; null where there is none, or it is of an earlier version and lacks what is asked for. */
async function readFrom<T>(
  { raw, state }: InspectedStore,
  work: (raw: NonNullable<InspectedStore['raw']>) => T | Promise<T>
): Promise<T | null> {
  return raw === null ? null : await readIfThere(state, () => work(raw))
}

async function missingIn(store: InspectedStore): Promise<MissingEntries[]> {
  return (await readFrom(store, raw => missingEntries({ path: store.path, raw }))) ?? []
}

async function mappingsIn(store: InspectedStore | undefined, config: Config): Promise<ConfigIssue[]> {
  if (store?.raw) return (await readFrom(store, raw => mappingWarnings(raw, config))) ?? []
  return await mappingWarnings(null, config)
}

async function credentialsIn(
  store: InspectedStore | undefined,
  masterKey: InspectedMasterKey | undefined,
  { config, faults }: ConfigRead,
  sources: SecretSources,
  notes: Notes
): Promise<CredentialFindings> {
  if (faults.some(fault => ['GATEWAY_UPSTREAM_KEY', 'GATEWAY_EXEC_ENVIRONMENT'].includes(settingOf(fault))))
    return []
  const keys = masterKey?.keys
  if (store && keys)
    return (await readFrom(store, raw => checkCredentials(raw, keys, config, sources, notes))) ?? []
  // Whether the setting is needed, the rows say even where they cannot be proven.
  const records = store && (await readFrom(store, raw => readCredentialRows(raw)))
  const isStored = records?.credentials.some(
    ({ name, removed_at, follows_setting }) => name === 'default' && removed_at === null && !follows_setting
  )
  if (!isStored) await checkSettingKey(config, sources, notes)
  return []
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
