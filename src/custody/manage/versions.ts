import { changedValues } from '../../ledger/entry/changed-values.ts'
import { encrypt } from '../crypto/envelope.ts'
import { requireInForce } from '../crypto/root-key.ts'
import { recordedSource } from '../secrets/reference.ts'
import {
  type CredentialRow,
  deleteVersionsBut,
  findVersion,
  insertVersion,
  writeCredential
} from './credential-rows.ts'
import type { CredentialTransaction } from './transaction.ts'

/** A new version: where its key comes from, and what tells it from others. */
export type NewVersion = {
  /** `sealed`, or a reference. */
  readonly source: string
  readonly fingerprint: string
  /** The key of a version that the store keeps encrypted; the caller zeroes it. */
  readonly secret?: Buffer | undefined
}

/** Which version a change made, or left in place; 0 when it concerns none. */
export type VersionChanged = { readonly name: string; readonly version: number; readonly changed: boolean }

/** How a version is named in the ledger and in the log. */
export function labelOf(name: string, version: number): string {
  return `${name}@${version}`
}

type Replacement = {
  readonly graceMs: number
  readonly kind: 'admin.credential.change' | 'admin.credential.rotate'
}

/** Makes a new version the active one, keeps the one before as standby for `graceMs`, and adds that to the changes. */
export function replaceVersion(
  transaction: CredentialTransaction,
  record: CredentialRow,
  version: NewVersion,
  { graceMs, kind }: Replacement
): VersionChanged {
  const { name } = record
  const before = findVersion(transaction.records, name, record.active)
  const activated = activate(transaction, record, version, graceMs)
  transaction.changes.push({
    kind,
    credential: labelOf(name, activated.active),
    fields: activated.standby === null ? ['active'] : ['active', 'standby'],
    ...changedValues(valuesOf(record, before?.source), valuesOf(activated, version.source))
  })
  return { name, version: activated.active, changed: true }
}

function valuesOf({ active, standby, standby_until }: CredentialRow, source: string | undefined) {
  return { active, standby, standby_until, source: recordedSource(source) }
}

/** Stores a new version as the active one, and the credential with it. Returns the credential as it is then. */
export function activate(
  transaction: CredentialTransaction,
  record: CredentialRow,
  version: NewVersion,
  graceMs: number
): CredentialRow {
  const { raw, at } = transaction
  const latest = record.latest + 1
  const keepsStandby = graceMs > 0
  const activated = {
    ...record,
    latest,
    active: latest,
    standby: keepsStandby ? record.active : null,
    standby_until: keepsStandby ? new Date(Date.parse(at) + graceMs).toISOString() : null
  }
  writeCredential(raw, activated)
  storeVersion(transaction, record.name, latest, version)
  deleteVersionsBut(raw, record.name, [latest, activated.standby])
  return activated
}

function storeVersion(
  { raw, keys, at }: CredentialTransaction,
  credential: string,
  version: number,
  { source, fingerprint, secret }: NewVersion
): void {
  if (secret) requireInForce(raw, keys)
  const encrypted = secret && encrypt(secret, labelOf(credential, version), keys.wrapping)
  insertVersion(raw, {
    credential,
    version,
    created_at: at,
    source,
    fingerprint,
    wrapped_key: encrypted?.wrappedKey ?? null,
    sealed: encrypted?.ciphertext ?? null
  })
}
