import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { changedValues, newValues } from '../../ledger/entry/changed-values.ts'
import { seal } from '../crypto/envelope.ts'
import { requireInForce } from '../crypto/root-key.ts'
import { recordedSource } from '../secrets/reference.ts'
import { requireCredentialName } from './credential-name.ts'
import {
  type CredentialRow,
  type CredentialRows,
  deleteVersionsBut,
  findCredential,
  findVersion,
  insertVersion,
  writeCredential
} from './credential-rows.ts'
import type { CredentialsChanged, CredentialTransaction } from './transaction.ts'

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
export function addCredentialWithin(
  transaction: CredentialTransaction,
  name: string,
  version: NewVersion
): CredentialsChanged<VersionChanged> {
  requireCredentialName(name)
  const { raw, records, at } = transaction
  if (findCredential(records, name))
    throw domainError(
      'credential_exists',
      `credential ${name} exists already; credential rotate replaces its key`
    )
  const latest = nextVersion(records, name)
  writeCredential(raw, { ...newRecord(name, at), latest, active: latest })
  storeVersion(transaction, name, latest, version)
  return {
    result: { name, version: latest, changed: true },
    changes: [
      {
        kind: 'admin.credential.add',
        credential: labelOf(name, latest),
        fields: ['source'],
        after: newValues({ source: recordedSource(version.source) })
      }
    ]
  }
}

/**
 * Makes a new version the active one, and keeps the one before as standby for `graceMs`. Throws Refusal:
 * credential_not_found, credential_unchanged.
 */
export function rotateCredentialWithin(
  transaction: CredentialTransaction,
  name: string,
  version: NewVersion,
  graceMs: number
): CredentialsChanged<VersionChanged> {
  const { records } = transaction
  const record = requireCredential(records, name)
  const before = findVersion(records, name, record.active)
  if (before?.fingerprint === version.fingerprint && before.source === version.source)
    throw domainError(
      'credential_unchanged',
      `this is the key that ${labelOf(name, record.active)} has already`
    )
  const kind = 'admin.credential.rotate'
  return activateVersionWithin(transaction, { ...record, follows_setting: 0 }, version, { graceMs, kind })
}

/** Removes a credential and all its keys. Throws Refusal: credential_not_found, credential_in_use. */
export function removeCredentialWithin(
  { raw, records, at }: CredentialTransaction,
  name: string
): CredentialsChanged<VersionChanged> {
  const record = requireCredential(records, name)
  requireUnused(raw, name)
  writeCredential(raw, { ...record, removed_at: at, standby: null, standby_until: null })
  deleteVersionsBut(raw, name, [])
  return {
    result: { name, version: record.active, changed: true },
    changes: [
      {
        kind: 'admin.credential.remove',
        credential: labelOf(name, record.active),
        before: newValues({ source: recordedSource(findVersion(records, name, record.active)?.source) })
      }
    ]
  }
}

/** Throws Refusal: credential_not_found. */
export function requireCredential(records: CredentialRows, name: string): CredentialRow {
  const record = findCredential(records, name)
  if (!record) throw domainError('credential_not_found', 'there is no credential with this name')
  return record
}

/** The number of the next version. Of a credential that was removed, the numbers go on: none is used again. */
export function nextVersion({ credentials }: CredentialRows, name: string): number {
  return (credentials.find(record => record.name === name)?.latest ?? 0) + 1
}

/** A credential without a version. */
export function newRecord(name: string, created_at: string): CredentialRow {
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

type Activation = {
  readonly graceMs: number
  readonly kind: 'admin.credential.add' | 'admin.credential.change' | 'admin.credential.rotate'
}

/** Puts a new version in the place of the active one, which stays as standby for `graceMs`, told as `kind`. */
export function activateVersionWithin(
  transaction: CredentialTransaction,
  record: CredentialRow,
  version: NewVersion,
  { graceMs, kind }: Activation
): CredentialsChanged<VersionChanged> {
  const { raw, records, at } = transaction
  const { name } = record
  const { source } = findVersion(records, name, record.active) ?? {}
  const latest = record.latest + 1
  const keepsStandby = graceMs > 0
  const standby = keepsStandby ? record.active : null
  const standby_until = keepsStandby ? new Date(Date.parse(at) + graceMs).toISOString() : null
  writeCredential(raw, { ...record, latest, active: latest, standby, standby_until })
  storeVersion(transaction, name, latest, version)
  deleteVersionsBut(raw, name, [latest, standby])
  const fields = ['active', ...(keepsStandby ? ['standby'] : [])]
  const change = { credential: labelOf(name, latest), fields }
  const after = { active: latest, standby, standby_until, source: recordedSource(version.source) }
  const before = {
    active: record.active,
    standby: record.standby,
    standby_until: record.standby_until,
    source: recordedSource(source)
  }
  return {
    result: { name, version: latest, changed: true },
    changes: [
      kind === 'admin.credential.add'
        ? { kind, ...change, after: newValues({ source: after.source }) }
        : { kind, ...change, ...changedValues(before, after) }
    ]
  }
}

function storeVersion(
  { raw, keys, at }: CredentialTransaction,
  name: string,
  version: number,
  { source, fingerprint, secret }: NewVersion
): void {
  if (secret) requireInForce(raw, keys)
  const sealed = secret && seal(secret, labelOf(name, version), keys.wrapping)
  insertVersion(raw, {
    credential: name,
    version,
    created_at: at,
    source,
    fingerprint,
    wrapped_key: sealed?.wrappedKey ?? null,
    sealed: sealed?.sealed ?? null
  })
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
    throw domainError(
      'credential_in_use',
      `tenant ${user.name} uses this credential: give it others first (tenant update ${user.name} --credentials)`
    )
}
