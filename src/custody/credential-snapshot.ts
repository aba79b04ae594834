import { createSecretKey, type KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { StoreKeys } from './crypto/root-key.ts'
import type { CredentialRows } from './manage/credential-rows.ts'
import { readVerified } from './manage/manifest.ts'

/**
 * The credentials as stored, their keys encrypted, and what decrypts these. It is read on the store's thread and posted to the
 * thread that makes calls: keys are decrypted there alone.
 */
export type CredentialSnapshot = {
  /** The last change that the records include for certain: the next read starts from here. */
  readonly lastChange: number
  readonly records: CredentialRows
  readonly wrapping: KeyObject
  readonly fingerprintKey: KeyObject
}

/** Reads all credentials. Throws `credentials_damaged`. */
export function readCredentials(raw: DatabaseSync, keys: StoreKeys): CredentialSnapshot {
  return {
    lastChange: newestChange(raw),
    records: readVerified(raw, keys).records,
    wrapping: keys.wrapping,
    fingerprintKey: fingerprintKeyOf(keys)
  }
}

/** The number of the last change; 0 when there was none. */
export function newestChange(raw: DatabaseSync): number {
  return Number(raw.prepare('SELECT coalesce(max(id), 0) AS newest FROM credential_change').get()?.['newest'])
}

/** The key that fingerprints of upstream keys are made with: one for each store. */
export function fingerprintKeyOf(keys: Pick<StoreKeys, 'derive'>): KeyObject {
  return createSecretKey(keys.derive('credential-fingerprint'))
}
