import { changedValues } from '../../ledger/entry/changed-values.ts'
import { findCredential, findVersion, newCredential, writeCredential } from './credential-rows.ts'
import type { CredentialTransaction } from './transaction.ts'
import { addVersion, labelOf, type NewVersion, replaceVersion } from './versions.ts'

/** The key that a reference gives now. */
export type FetchedKey = {
  readonly name: string
  readonly version: NewVersion
  /** How long the version before stays as standby. */
  readonly graceMs: number
  /** GATEWAY_UPSTREAM_KEY gives it: the credential is made when there is none. */
  readonly followsSetting?: boolean
}

/** The upstream rejects version `from`, the active one, and accepts `to`, the standby. */
export type Rollback = { readonly name: string; readonly from: number; readonly to: number }

/** The version that has the key now, 0 for none, and whether it is new. */
export type Noted = { readonly version: number; readonly changed: boolean }

/**
 * Notes which key a reference gives now; one that differs from the last becomes a new version. A reference that is no longer
 * the credential's own changes nothing, and has no version.
 */
export function noteMaterial(
  transaction: CredentialTransaction,
  { name, version, graceMs, followsSetting = false }: FetchedKey
): Noted {
  const { records, at } = transaction
  const record =
    findCredential(records, name) ??
    (followsSetting ? { ...newCredential(records, name, at), follows_setting: 1 } : undefined)
  const before = record && findVersion(records, name, record.active)
  const isOwn = followsSetting ? record?.follows_setting === 1 : before?.source === version.source
  if (!record || !isOwn) return { version: 0, changed: false }
  if (before?.fingerprint === version.fingerprint && before.source === version.source)
    return { version: record.active, changed: false }
  const added = before
    ? replaceVersion(transaction, record, version, graceMs, 'admin.credential.change')
    : addVersion(transaction, record, version, 'active')
  return { version: added, changed: true }
}

/** Active version and standby change places. False when they are no longer `from` and `to`. */
export function revertVersion(
  { raw, records, changes }: CredentialTransaction,
  { name, from, to }: Rollback
): boolean {
  const record = findCredential(records, name)
  if (record?.active !== from || record.standby !== to) return false
  writeCredential(raw, { ...record, active: to, standby: from })
  changes.push({
    kind: 'admin.credential.revert',
    credential: labelOf(name, to),
    fields: ['active', 'standby'],
    ...changedValues({ active: from, standby: to }, { active: to, standby: from })
  })
  return true
}
