import { changedValues, newValues } from '../../ledger/entry/changed-values.ts'
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

/** How a version is named in the ledger and in the log. */
export function labelOf(name: string, version: number): string {
  return `${name}@${version}`
}

/** Makes the first version of a credential the active one, and returns its number. The ledger names `field` as set. */
export function addVersion(
  transaction: CredentialTransaction,
  record: CredentialRow,
  version: NewVersion,
  field: 'active' | 'source'
): number {
  const { active } = activate(transaction, record, version, 0)
  transaction.changes.push({
    kind: 'admin.credential.add',
    credential: labelOf(record.name, active),
    fields: [field],
    after: newValues({ source: recordedSource(version.source) })
  })
  return active
}

/** Makes a new version the active one, and keeps the one before as standby for `graceMs`. Returns the version's number. */
export function replaceVersion(
  transaction: CredentialTransaction,
  record: CredentialRow,
  version: NewVersion,
  graceMs: number,
  kind: 'admin.credential.change' | 'admin.credential.rotate'
): number {
  const before = findVersion(transaction.records, record.name, record.active)
  const activated = activate(transaction, record, version, graceMs)
  transaction.changes.push({
    kind,
    credential: labelOf(record.name, activated.active),
    fields: activated.standby === null ? ['active'] : ['active', 'standby'],
    ...changedValues(valuesOf(record, before?.source), valuesOf(activated, version.source))
  })
  return activated.active
}

function valuesOf({ active, standby, standby_until }: CredentialRow, source: string | undefined) {
  return { active, standby, standby_until, source: recordedSource(source) }
}

/** Stores a new version, and the credential with it as it is then. */
function activate(
  { raw, keys, at }: CredentialTransaction,
  record: CredentialRow,
  { source, fingerprint, secret }: NewVersion,
  graceMs: number
): CredentialRow {
  const { name } = record
  const version = record.latest + 1
  const [standby, standby_until] =
    graceMs > 0 ? [record.active, new Date(Date.parse(at) + graceMs).toISOString()] : [null, null]
  const activated = { ...record, latest: version, active: version, standby, standby_until }
  writeCredential(raw, activated)
  if (secret) requireInForce(raw, keys)
  const encrypted = secret && encrypt(secret, labelOf(name, version), keys.wrapping)
  insertVersion(raw, {
    credential: name,
    version,
    created_at: at,
    source,
    fingerprint,
    wrapped_key: encrypted?.wrappedKey ?? null,
    sealed: encrypted?.ciphertext ?? null
  })
  deleteVersionsBut(raw, name, version, standby)
  return activated
}
