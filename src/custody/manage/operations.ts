import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { nameForm, nameInWords } from '../../contract/schemas.ts'
import { newValues } from '../../ledger/entry/changed-values.ts'
import { recordedSource } from '../secrets/reference.ts'
import {
  type CredentialRow,
  type CredentialRows,
  deleteVersionsBut,
  findCredential,
  findVersion,
  newCredential,
  writeCredential
} from './credential-rows.ts'
import type { CredentialTransaction } from './transaction.ts'
import { addVersion, labelOf, type NewVersion, replaceVersion } from './versions.ts'

const validName = new RegExp(nameForm)

/** Throws `credential_name_invalid`. */
export function requireCredentialName(name: string): void {
  if (!validName.test(name))
    throw domainError('credential_name_invalid', `a credential name has ${nameInWords}`)
}

/** Adds a credential, and returns its version. Throws `credential_name_invalid`, `credential_exists`. */
export function addCredential(transaction: CredentialTransaction, name: string, version: NewVersion): number {
  const { records, at } = transaction
  requireCredentialName(name)
  if (findCredential(records, name))
    throw domainError(
      'credential_exists',
      `credential ${name} exists already; credential rotate replaces its key`
    )
  return addVersion(transaction, newCredential(records, name, at), version, 'source')
}

/**
 * Makes a new version the active one, keeps the one before as standby for `graceMs`, and returns the new one. Throws
 * `credential_not_found`, `credential_unchanged`.
 */
export function rotateCredential(
  transaction: CredentialTransaction,
  name: string,
  version: NewVersion,
  graceMs: number
): number {
  const record = requireCredential(transaction.records, name)
  const before = findVersion(transaction.records, name, record.active)
  if (before?.fingerprint === version.fingerprint && before.source === version.source)
    throw domainError('credential_unchanged', `${labelOf(name, record.active)} has this key already`)
  const own = { ...record, follows_setting: 0 }
  return replaceVersion(transaction, own, version, graceMs, 'admin.credential.rotate')
}

/** Removes a credential and all its keys, and returns its last version. Throws `credential_not_found`, `credential_in_use`. */
export function removeCredential({ raw, records, at, changes }: CredentialTransaction, name: string): number {
  const record = requireCredential(records, name)
  const { active } = record
  requireUnused(raw, name)
  writeCredential(raw, { ...record, removed_at: at, standby: null, standby_until: null })
  deleteVersionsBut(raw, name, null, null)
  changes.push({
    kind: 'admin.credential.remove',
    credential: labelOf(name, active),
    before: newValues({ source: recordedSource(findVersion(records, name, active)?.source) })
  })
  return active
}

/** Throws `credential_not_found`. */
export function requireCredential(records: CredentialRows, name: string): CredentialRow {
  const record = findCredential(records, name)
  if (!record) throw domainError('credential_not_found', 'there is no credential with this name')
  return record
}

/** Throws `credential_in_use`, as a tenant that uses it could make no calls. */
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
