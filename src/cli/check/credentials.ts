import { createSecretKey, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../config/config.ts'
import type { ConfigIssue } from '../../config/error.ts'
import { domainError, hasCode } from '../../contract/error-table.ts'
import { fingerprintKeyOf } from '../../custody/credential-snapshot.ts'
import { type CredentialView, viewsOf } from '../../custody/credential-views.ts'
import type { StoreKeys } from '../../custody/crypto/root-key.ts'
import type { KeyMaterial } from '../../custody/key-material.ts'
import { fetchMaterial, loadVersion, type SecretSources } from '../../custody/load-version.ts'
import { type CredentialRows, findVersion } from '../../custody/manage/credential-rows.ts'
import { readProven } from '../../custody/manage/manifest.ts'

/**
 * A credential of the store, and what becomes of it at the next start: it opens, its reference gives another key than was
 * noted (which becomes a new version), or there is no key (and others are used).
 */
export type CredentialFindings = readonly (Pick<CredentialView, 'credential' | 'version' | 'source'> & {
  readonly state: 'opens' | 'other_key' | 'missing'
})[]

/** What is wrong, and what is worth saying. Both are added to. */
export type Notes = { readonly faults: ConfigIssue[]; readonly warnings: ConfigIssue[] }

type Opening = { readonly wrapping: StoreKeys['wrapping']; readonly fingerprintKey: StoreKeys['wrapping'] }
type Checking = {
  readonly records: CredentialRows
  readonly opening: Opening
  readonly config: Config
  readonly sources: SecretSources
  readonly notes: Notes
}

/** Opens every credential that `serve` would open, and closes it again. */
export async function checkCredentials(
  raw: DatabaseSync,
  keys: StoreKeys,
  config: Config,
  sources: SecretSources,
  notes: Notes
): Promise<CredentialFindings> {
  try {
    const { records } = readProven(raw, keys)
    const opening = { wrapping: keys.wrapping, fingerprintKey: fingerprintKeyOf(keys) }
    return await openAll({ records, opening, config, sources, notes })
  } catch (error) {
    if (!hasCode(error, 'credentials_damaged')) throw error
    notes.faults.push({ key: 'credentials', detail: error.message })
    return []
  }
}

async function openAll(checking: Checking): Promise<CredentialFindings> {
  const { records, config, notes } = checking
  const views = viewsOf(records, new Date())
  const found: CredentialFindings[number][] = []
  for (const view of views) if (!view.follows_setting) found.push(await openOne(view, checking))
  // `default` is the setting's, unless it was put into the store.
  const setting = views.find(({ credential, follows_setting }) => credential === 'default' && follows_setting)
  if (setting === undefined && views.some(({ credential }) => credential === 'default')) return found
  let given = ''
  const fault = await unavailability(async () => {
    const material = await settingMaterial(checking)
    given = material.fingerprint
    return material
  })
  const mayBeMissing = config.upstreamKeyIsDefault && found.length > 0
  if (fault !== null && !mayBeMissing) notes.faults.push({ key: 'GATEWAY_UPSTREAM_KEY', detail: fault })
  if (setting === undefined) return found
  const { credential, version, source, fingerprint } = setting
  const key = `credential ${credential}`
  if (fault !== null && mayBeMissing) notes.warnings.push({ key, detail: `cannot be opened: ${fault}` })
  const isOther = fault === null && given !== fingerprint
  if (isOther) notes.warnings.push({ key, detail: otherKey('GATEWAY_UPSTREAM_KEY', version) })
  return [
    ...found,
    { credential, version, source, state: fault ? 'missing' : isOther ? 'other_key' : 'opens' }
  ]
}

function otherKey(from: string, version: number): string {
  return `${from} gives another key than version ${version}: the next start takes it for a new version`
}

function settingMaterial({ opening, config, sources }: Checking): Promise<KeyMaterial> {
  return fetchMaterial(config.upstreamKey, opening, sources)
}

async function openOne(view: CredentialView, checking: Checking): Promise<CredentialFindings[number]> {
  const { credential, version, source, standby } = view
  const { faults, warnings } = checking.notes
  const key = `credential ${credential}`
  const shown = { credential, version, source }
  if (standby) {
    const broken = await sealFault(credential, standby.version, checking)
    if (broken !== null) faults.push({ key, detail: broken })
  }
  const fault = await unavailability(() => materialOf(credential, version, checking))
  if (fault === null) return { ...shown, state: 'opens' }
  const record = findVersion(checking.records, credential, version)
  const isReference = record !== undefined && record.source !== 'sealed'
  const now = isReference
    ? await unavailability(() => fetchMaterial(record.source, checking.opening, checking.sources))
    : fault
  if (now === null) {
    warnings.push({ key, detail: otherKey('its reference', version) })
    return { ...shown, state: 'other_key' }
  }
  faults.push({ key, detail: now })
  return { ...shown, state: 'missing' }
}

/** As `serve` opens it: what a reference gives has to be the key that was noted. */
async function materialOf(name: string, version: number, checking: Checking): Promise<KeyMaterial> {
  const { records, opening, sources } = checking
  const record = findVersion(records, name, version)
  if (!record)
    throw domainError('credentials_damaged', `${name}@${version} is not in the store: restore a copy of it`)
  return (await loadVersion(record, opening, reference => fetchMaterial(reference, opening, sources)))
    .material
}

/** Why a version that was sealed does not open; null for one that does, or that a reference gives. */
async function sealFault(name: string, version: number, checking: Checking): Promise<string | null> {
  if (findVersion(checking.records, name, version)?.source !== 'sealed') return null
  return await unavailability(() => materialOf(name, version, checking))
}

/** Why there is no key, or null when there is one. It is discarded. */
async function unavailability(open: () => Promise<KeyMaterial>): Promise<string | null> {
  try {
    ;(await open()).discard()
    return null
  } catch (error) {
    if (!hasCode(error, 'secret_unavailable', 'credentials_damaged')) throw error
    return error.message
  }
}

/** Whether the setting gives a key, where no store can tell whether it is needed. */
export async function checkSettingKey(
  { upstreamKey }: Config,
  sources: SecretSources,
  { faults }: Notes
): Promise<void> {
  const fingerprintKey = createSecretKey(randomBytes(32))
  const fault = await unavailability(() => fetchMaterial(upstreamKey, { fingerprintKey }, sources))
  if (fault !== null) faults.push({ key: 'GATEWAY_UPSTREAM_KEY', detail: fault })
}
