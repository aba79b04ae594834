import { createSecretKey, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../config/config.ts'
import { domainError } from '../../contract/error-table.ts'
import { fingerprintKeyOf } from '../../custody/credential-snapshot.ts'
import { type CredentialView, viewsOf } from '../../custody/credential-views.ts'
import type { StoreKeys } from '../../custody/crypto/root-key.ts'
import type { KeyMaterial } from '../../custody/key-material.ts'
import { fetchMaterial, loadVersion, type SecretSources } from '../../custody/load-version.ts'
import { type CredentialRows, findVersion, type VersionRow } from '../../custody/manage/credential-rows.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { findingOf, type Notes } from './notes.ts'

/**
 * A credential of the store, and what becomes of it at the next start: it opens; its reference gives another key than was
 * recorded, which becomes a new version; or there is no key, and other credentials are used.
 */
export type CredentialFinding = Pick<CredentialView, 'credential' | 'version' | 'source'> & {
  readonly state: 'opens' | 'other_key' | 'missing'
}

/** The credentials of a store, and what opens their keys as `serve` does. */
export type OpenCredentials = {
  readonly records: CredentialRows
  readonly fetchKey: (reference: string) => Promise<KeyMaterial>
  /** Accepts only the key that was recorded. */
  readonly load: (record: VersionRow) => Promise<KeyMaterial>
}

/** Throws DomainError: credentials_damaged. */
export function openCredentials(raw: DatabaseSync, keys: StoreKeys, sources: SecretSources): OpenCredentials {
  const opening = { wrapping: keys.wrapping, fingerprintKey: fingerprintKeyOf(keys) }
  const fetchKey = (reference: string) => fetchMaterial(reference, opening, sources)
  return {
    records: readVerified(raw, keys).records,
    fetchKey,
    load: async record => (await loadVersion(record, opening, fetchKey)).material
  }
}

/** Opens every credential that `serve` would open, and discards its key. */
export async function checkCredentials(
  opened: OpenCredentials,
  config: Config,
  notes: Notes
): Promise<readonly CredentialFinding[]> {
  const views = viewsOf(opened.records, new Date())
  const found: CredentialFinding[] = []
  for (const view of views) if (!view.follows_setting) found.push(await checkStored(view, opened, notes))
  // The setting gives `default`, unless the store has one of its own.
  const own = views.find(({ credential }) => credential === 'default')
  if (own && !own.follows_setting) return found
  return [...found, ...(await checkSetting(own, found.length > 0, opened, config, notes))]
}

async function checkStored(
  view: CredentialView,
  opened: OpenCredentials,
  { faults, warnings }: Notes
): Promise<CredentialFinding> {
  const { credential, version, source, standby } = view
  const key = `credential ${credential}`
  const found = (state: CredentialFinding['state']) => ({ credential, version, source, state })
  const recordOf = (number: number) => findVersion(opened.records, credential, number)
  const load = (number: number) => {
    const record = recordOf(number)
    if (record) return opened.load(record)
    throw domainError(
      'credentials_damaged',
      `${credential}@${number} is not in the store: restore a copy of it`
    )
  }
  if (standby && recordOf(standby.version)?.source === 'sealed') {
    const broken = await whyUnavailable(async () => load(standby.version))
    if (broken !== null) faults.push({ key, detail: broken })
  }
  const fault = await whyUnavailable(async () => load(version))
  if (fault === null) return found('opens')
  const reference = recordOf(version)?.source ?? 'sealed'
  const detail = reference === 'sealed' ? fault : await whyUnavailable(() => opened.fetchKey(reference))
  if (detail === null) {
    warnings.push({ key, detail: otherKey('its reference', version) })
    return found('other_key')
  }
  faults.push({ key, detail })
  return found('missing')
}

/** The key of the setting, and the credential that follows it where the store has one. */
async function checkSetting(
  view: CredentialView | undefined,
  hasOthers: boolean,
  { fetchKey }: OpenCredentials,
  { upstreamKey, upstreamKeyIsDefault }: Config,
  { faults, warnings }: Notes
): Promise<CredentialFinding[]> {
  let fingerprint = ''
  const fault = await whyUnavailable(async () => {
    const material = await fetchKey(upstreamKey)
    fingerprint = material.fingerprint
    return material
  })
  const mayBeMissing = upstreamKeyIsDefault && hasOthers
  if (fault !== null && !mayBeMissing) faults.push({ key: 'GATEWAY_UPSTREAM_KEY', detail: fault })
  if (!view) return []
  const { credential, version, source } = view
  const key = `credential ${credential}`
  if (fault !== null && mayBeMissing) warnings.push({ key, detail: `cannot be opened: ${fault}` })
  if (fault !== null) return [{ credential, version, source, state: 'missing' }]
  if (fingerprint === view.fingerprint) return [{ credential, version, source, state: 'opens' }]
  warnings.push({ key, detail: otherKey('GATEWAY_UPSTREAM_KEY', version) })
  return [{ credential, version, source, state: 'other_key' }]
}

function otherKey(from: string, version: number): string {
  return `${from} gives another key than version ${version}: the next start takes it for a new version`
}

/** Why there is no key; null when there is one, which is discarded. */
async function whyUnavailable(open: () => Promise<KeyMaterial>): Promise<string | null> {
  try {
    ;(await open()).discard()
    return null
  } catch (error) {
    return findingOf(error)
  }
}

/** Notes whether the setting gives a key, where no store tells whether one is needed. */
export async function checkSettingKey(
  { upstreamKey }: Config,
  sources: SecretSources,
  { faults }: Notes
): Promise<void> {
  const fingerprintKey = createSecretKey(randomBytes(32))
  const fault = await whyUnavailable(() => fetchMaterial(upstreamKey, { fingerprintKey }, sources))
  if (fault !== null) faults.push({ key: 'GATEWAY_UPSTREAM_KEY', detail: fault })
}
