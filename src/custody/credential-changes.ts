import type { DatabaseSync } from 'node:sqlite'
import { Refusal } from '../tenants/refusal.ts'
import { type CredentialAdministration, changeCredentials } from './change-credentials.ts'
import { requireCredentialName } from './credential-name.ts'
import {
  type CredentialRecord,
  type CredentialRecords,
  deleteVersionsBut,
  findCredential,
  findVersion,
  insertVersion,
  writeCredential
} from './credential-records.ts'
import { requireInForce, type StoreKeys } from './master-key-check.ts'
import { seal } from './sealing.ts'

/** A new version: where its key comes from, and what tells it from others. */
export type NewVersion = {
  /** `sealed`, or a reference. */
  readonly source: string
  readonly fingerprint: string
  /** Of a sealed version: the key, to be zeroed by the caller. */
  readonly secret?: Buffer | undefined
}

/** Which version a change made, or left in place; 0 when it concerns none. */
export type VersionChanged = { readonly name: string; readonly version: number; readonly changed: boolean }

/** How a version is named in the ledger and in the log. */
export function labelOf(name: string, version: number): string {
  return `${name}@${version}`
}

/** Adds a credential. Throws Refusal: credential_name_invalid, credential_exists. */
export function addCredential(
  administration: CredentialAdministration,
  name: string,
  version: NewVersion
): VersionChanged {
  requireCredentialName(name)
  return changeCredentials(administration, (raw, records, at) => {
    if (findCredential(records, name))
      throw new Refusal(
        'credential_exists',
        `credential ${name} exists already; credential rotate replaces its key`
      )
    // One of this name may have been removed: its numbers are not used again.
    const latest = (records.credentials.find(record => record.name === name)?.latest ?? 0) + 1
    writeCredential(raw, { ...newRecord(name, at), latest, active: latest })
    storeVersion(raw, administration.keys, { name, latest, at }, version)
    return {
      result: { name, version: latest, changed: true },
      changes: [{ kind: 'admin.credential.add', credential: labelOf(name, latest), fields: ['source'] }]
    }
  })
}

/**
 * Makes a new version the active one, and keeps the one before as standby for `graceMs`. Throws Refusal:
 * credential_not_found, credential_unchanged.
 */
export function activateVersion(
  administration: CredentialAdministration,
  name: string,
  version: NewVersion,
  graceMs: number
): VersionChanged {
  return changeCredentials(administration, (raw, records, at) => {
    const record = requireCredential(records, name)
    const before = findVersion(records, name, record.active)
    if (before?.fingerprint === version.fingerprint && before.source === version.source)
      throw new Refusal(
        'credential_unchanged',
        `this is the key that ${labelOf(name, record.active)} has already`
      )
    return activate(raw, administration.keys, { ...record, follows_setting: 0 }, version, {
      at,
      graceMs,
      kind: 'admin.credential.rotate'
    })
  })
}

/**
 * Notes which key a reference gives now. One that differs from the last becomes a new version; the one before stays as
 * standby for `graceMs`. With `followsSetting` the credential is made when there is none. A reference that is no longer
 * the credential's own changes nothing, and has no version.
 */
export function noteMaterial(
  administration: CredentialAdministration,
  name: string,
  version: NewVersion,
  { graceMs, followsSetting = false }: { graceMs: number; followsSetting?: boolean }
): VersionChanged {
  return changeCredentials(administration, (raw, records, at) => {
    const record =
      findCredential(records, name) ??
      (followsSetting
        ? { ...newRecord(name, at), ...numbersOf(records, name), follows_setting: 1 }
        : undefined)
    const before = record && findVersion(records, name, record.active)
    const isOwn = followsSetting ? record?.follows_setting === 1 : before?.source === version.source
    const isSame = before?.fingerprint === version.fingerprint && before.source === version.source
    if (!record || !isOwn || isSame)
      return { result: { name, version: (isOwn && record?.active) || 0, changed: false }, changes: [] }
    return activate(raw, administration.keys, record, version, {
      at,
      graceMs: before ? graceMs : 0,
      kind: before ? 'admin.credential.change' : 'admin.credential.add'
    })
  })
}

/**
 * The upstream refuses the active version and takes the standby: they change places. False when they are not, or no
 * longer, `from` and `to`.
 */
export function revertVersion(
  administration: CredentialAdministration,
  { name, from, to }: { name: string; from: number; to: number }
): boolean {
  return changeCredentials(administration, (raw, records) => {
    const record = findCredential(records, name)
    if (record?.active !== from || record.standby !== to) return { result: false, changes: [] }
    writeCredential(raw, { ...record, active: to, standby: from })
    return {
      result: true,
      changes: [
        { kind: 'admin.credential.revert', credential: labelOf(name, to), fields: ['active', 'standby'] }
      ]
    }
  })
}

/** Removes a credential and all its keys. Throws Refusal: credential_not_found. */
export function removeCredential(administration: CredentialAdministration, name: string): VersionChanged {
  return changeCredentials(administration, (raw, records, at) => {
    const record = requireCredential(records, name)
    requireUnused(raw, name)
    writeCredential(raw, { ...record, removed_at: at, standby: null, standby_until: null })
    deleteVersionsBut(raw, name, [])
    return {
      result: { name, version: record.active, changed: true },
      changes: [{ kind: 'admin.credential.remove', credential: labelOf(name, record.active) }]
    }
  })
}

/** Throws Refusal: credential_not_found. */
export function requireCredential(records: CredentialRecords, name: string): CredentialRecord {
  const record = findCredential(records, name)
  if (!record) throw new Refusal('credential_not_found', 'there is no credential with this name')
  return record
}

type Activation = { at: string; graceMs: number; kind: `admin.credential.${string}` }

function activate(
  raw: DatabaseSync,
  keys: StoreKeys,
  record: CredentialRecord,
  version: NewVersion,
  { at, graceMs, kind }: Activation
) {
  const { name } = record
  const latest = record.latest + 1
  const keepsStandby = graceMs > 0
  const standby = keepsStandby ? record.active : null
  const standby_until = keepsStandby ? new Date(Date.parse(at) + graceMs).toISOString() : null
  writeCredential(raw, { ...record, latest, active: latest, standby, standby_until })
  storeVersion(raw, keys, { name, latest, at }, version)
  deleteVersionsBut(raw, name, [latest, standby])
  const fields = ['active', ...(keepsStandby ? ['standby'] : [])]
  return {
    result: { name, version: latest, changed: true },
    changes: [{ kind, credential: labelOf(name, latest), fields }]
  }
}

function storeVersion(
  raw: DatabaseSync,
  keys: StoreKeys,
  { name, latest, at }: { name: string; latest: number; at: string },
  { source, fingerprint, secret }: NewVersion
): void {
  if (secret) requireInForce(raw, keys)
  const sealed = secret && seal(secret, labelOf(name, latest), keys.wrapping)
  insertVersion(raw, {
    credential: name,
    version: latest,
    created_at: at,
    source,
    fingerprint,
    wrapped_key: sealed?.wrappedKey ?? null,
    sealed: sealed?.sealed ?? null
  })
}

function newRecord(name: string, created_at: string): CredentialRecord {
  return {
    name,
    created_at,
    removed_at: null,
    latest: 0,
    active: 0,
    standby: null,
    standby_until: null,
    follows_setting: 0
  }
}

/** Of a credential that was removed, the numbers go on. */
function numbersOf({ credentials }: CredentialRecords, name: string): { latest: number; active: number } {
  const latest = credentials.find(record => record.name === name)?.latest ?? 0
  return { latest, active: latest }
}

/** Throws Refusal: credential_in_use, when a tenant would be left calling with a credential that is not there. */
function requireUnused(raw: DatabaseSync, name: string): void {
  const user = raw
    .prepare(
      `SELECT name FROM tenant
      WHERE instr(',' || coalesce(credentials, 'default') || ',', ',' || ? || ',') > 0 ORDER BY name LIMIT 1`
    )
    .get(name) as { name: string } | undefined
  if (user)
    throw new Refusal(
      'credential_in_use',
      `tenant ${user.name} uses this credential: give it others first (tenant update ${user.name} --credentials)`
    )
}
