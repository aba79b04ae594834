import { createSecretKey, type KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { StoreKeys } from './crypto/root-key.ts'
import type { CredentialRows } from './manage/credential-rows.ts'
import { readProven } from './manage/manifest.ts'

/**
 * The credentials as they lie in the store, sealed, with what opens them. It is read on the store's thread and posted to
 * the thread that makes calls: keys are opened there alone.
 */
export type CredentialSnapshot = {
  /** The last change that the records surely include; the next read goes on from here. */
  readonly lastChange: number
  readonly records: CredentialRows
  readonly wrapping: KeyObject
  /** Under which fingerprints of keys are made. */
  readonly fingerprintKey: KeyObject
}

/** Reads what changed after `lastChange`: all of it, or null when nothing did. Throws `credentials_damaged`. */
export function readCredentials(
  raw: DatabaseSync,
  keys: StoreKeys,
  lastChange: number
): CredentialSnapshot | null {
  const newest = newestChange(raw)
  if (newest <= lastChange) return null
  return {
    lastChange: newest,
    records: readProven(raw, keys).records,
    wrapping: keys.wrapping,
    fingerprintKey: fingerprintKeyOf(keys)
  }
}

/** The number of the last change; 0 when there was none. */
export function newestChange(raw: DatabaseSync): number {
  return Number(raw.prepare('SELECT coalesce(max(id), 0) AS newest FROM credential_change').get()?.['newest'])
}

/** The key under which fingerprints of upstream keys are made: the same for all of the store. */
export function fingerprintKeyOf(keys: Pick<StoreKeys, 'derive'>): KeyObject {
  return createSecretKey(keys.derive('credential-fingerprint'))
}
