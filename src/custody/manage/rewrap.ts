import { changedValues } from '../../ledger/entry/changed-values.ts'
import { rewrap } from '../crypto/envelope.ts'
import type { MasterKey } from '../crypto/master-key.ts'
import { replaceMasterKey, requireInForce } from '../crypto/root-key.ts'
import { recordedSource } from '../secrets/reference.ts'
import type { CredentialTransaction } from './transaction.ts'
import { labelOf } from './versions.ts'

/**
 * Puts the store's root key and all data keys under another master key. Encrypted keys stay as they are, so running gateways
 * go on; the former master key alone opens the store no more. Returns how many data keys were wrapped. `references` are for
 * the ledger: where the master key was, and is. Throws `credentials_damaged`, `master_key_wrong`.
 */
export function rewrapCredentials(
  { raw, records, keys, changes }: CredentialTransaction,
  masterKey: MasterKey,
  references: { readonly from: string; readonly to: string }
): number {
  requireInForce(raw, keys)
  const wrapping = replaceMasterKey(raw, keys, masterKey)
  const update = raw.prepare(
    'UPDATE credential_version SET wrapped_key = ? WHERE credential = ? AND version = ?'
  )
  let wrapped = 0
  for (const { credential, version, wrapped_key } of records.versions) {
    if (!wrapped_key) continue
    const label = labelOf(credential, version)
    update.run(rewrap(wrapped_key, label, keys.wrapping, wrapping), credential, version)
    wrapped++
  }
  changes.push({
    kind: 'admin.credential.rewrap',
    fields: ['master_key'],
    ...changedValues(
      { master_key: recordedSource(references.from) },
      { master_key: recordedSource(references.to), data_keys: wrapped }
    )
  })
  return wrapped
}
