import { changedValues } from '../../ledger/entry/changed-values.ts'
import { findCredential, findVersion, writeCredential } from './credential-rows.ts'
import {
  activateVersionWithin,
  addCredentialWithin,
  labelOf,
  type NewVersion,
  newRecord,
  nextVersion,
  removeCredentialWithin,
  rotateCredentialWithin,
  type VersionChanged
} from './operations.ts'
import { type CredentialAdministration, changeCredentials } from './transaction.ts'

/** Adds a credential. Throws Refusal: credential_name_invalid, credential_exists. */
export function addCredential(
  administration: CredentialAdministration,
  name: string,
  version: NewVersion
): VersionChanged {
  return changeCredentials(administration, transaction => addCredentialWithin(transaction, name, version))
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
  return changeCredentials(administration, transaction =>
    rotateCredentialWithin(transaction, name, version, graceMs)
  )
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
  return changeCredentials(administration, transaction => {
    const { records, at } = transaction
    const latest = nextVersion(records, name) - 1
    const record =
      findCredential(records, name) ??
      (followsSetting ? { ...newRecord(name, at), latest, active: latest, follows_setting: 1 } : undefined)
    const before = record && findVersion(records, name, record.active)
    const isOwn = followsSetting ? record?.follows_setting === 1 : before?.source === version.source
    const isSame = before?.fingerprint === version.fingerprint && before.source === version.source
    if (!record || !isOwn || isSame)
      return { result: { name, version: (isOwn && record?.active) || 0, changed: false }, changes: [] }
    return activateVersionWithin(transaction, record, version, {
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
  return changeCredentials(administration, ({ raw, records }) => {
    const record = findCredential(records, name)
    if (record?.active !== from || record.standby !== to) return { result: false, changes: [] }
    writeCredential(raw, { ...record, active: to, standby: from })
    return {
      result: true,
      changes: [
        {
          kind: 'admin.credential.revert',
          credential: labelOf(name, to),
          fields: ['active', 'standby'],
          ...changedValues({ active: from, standby: to }, { active: to, standby: from })
        }
      ]
    }
  })
}

/** Removes a credential and all its keys. Throws Refusal: credential_not_found, credential_in_use. */
export function removeCredential(administration: CredentialAdministration, name: string): VersionChanged {
  return changeCredentials(administration, transaction => removeCredentialWithin(transaction, name))
}
