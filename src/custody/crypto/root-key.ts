import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError, hasCode } from '../../contract/error-table.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import type { Environment } from '../secrets/exec.ts'
import { decryptBytes, encryptBytes, useOnce } from './envelope.ts'
import {
  isMissingFile,
  keyFrom,
  type MasterKey,
  type OpenMasterKeyOptions,
  openMasterKey
} from './master-key.ts'
import { readMeta, writeMeta } from './meta.ts'

/** Opens the keys of a store by its master key. Throws `secret_unavailable`, `master_key_wrong`. */
export type StoreKeys = MasterKey & {
  /** Wraps data keys. Another master key has another. */
  readonly wrapping: KeyObject
}

/** A missing file is made, but only for a store that has seen no master key yet. */
type MasterKeyOptions = Omit<OpenMasterKeyOptions, 'isNew'>

const checkName = 'master_key_check'
const rootName = 'root_key'

/**
 * Opens the master key, which must be the one that the store was made with, and by it the keys of the store. Throws
 * `secret_unavailable`, `master_key_wrong`.
 */
export async function openRootKey(
  { raw }: Pick<StoreFile, 'raw'>,
  reference: string,
  env: Environment,
  { createIfAbsent = false, ...options }: MasterKeyOptions = {}
): Promise<StoreKeys> {
  const isNew = readMeta(raw, checkName) === undefined
  const masterKey = await openMasterKey(reference, env, {
    ...options,
    createIfAbsent: createIfAbsent && isNew,
    isNew
  })
  if (isNew) rememberMasterKey(raw, masterKey)
  return openKeysUnder({ raw }, masterKey)
}

/** How a master key fits a store that is only read. */
export type InspectedMasterKey =
  | { readonly state: 'fits'; readonly keys: StoreKeys }
  /** The store has seen none yet: the first start takes this one, or makes it. */
  | { readonly state: 'taken_at_first_start' | 'made_at_first_start'; readonly keys: null }

/** As `openRootKey`, but changes nothing. `raw` is null when there is no store yet. Throws the same. */
export async function inspectMasterKey(
  raw: DatabaseSync | null,
  reference: string,
  env: Environment,
  { createIfAbsent = false, ...options }: MasterKeyOptions = {}
): Promise<InspectedMasterKey> {
  const isNew = raw === null || readMeta(raw, checkName) === undefined
  if (isNew && createIfAbsent && isMissingFile(reference)) return { state: 'made_at_first_start', keys: null }
  const masterKey = await openMasterKey(reference, env, { ...options, isNew })
  if (isNew) return { state: 'taken_at_first_start', keys: null }
  return { state: 'fits', keys: openKeysUnder({ raw }, masterKey) }
}

/** Opens the keys of a store that has seen its master key. Throws `master_key_wrong`. */
export function openKeysUnder({ raw }: Pick<StoreFile, 'raw'>, masterKey: MasterKey): StoreKeys {
  if (readMeta(raw, checkName) !== checkOf(masterKey)) throw notOfThisStore(masterKey)
  const wrapping = wrappingKeyOf(masterKey)
  return { ...keyFrom(openRoot(raw, masterKey, wrapping)), wrapping }
}

export function notOfThisStore({ form }: Pick<MasterKey, 'form'> = {}): DomainError {
  const hint = form === undefined ? '' : `; the one that is given ${form}`
  return domainError(
    'master_key_wrong',
    `the store was made with another master key: give that one as GATEWAY_MASTER_KEY${hint}`
  )
}

/** Whether the store's master key is still the one that opened these keys. */
export function isInForce({ raw }: Pick<StoreFile, 'raw'>, { wrapping }: StoreKeys): boolean {
  try {
    readRoot(raw, wrapping)
    return true
  } catch {
    return false
  }
}

/** For whatever wraps by these keys: under a replaced master key it would never open again. Throws `master_key_wrong`. */
export function requireInForce(raw: DatabaseSync, keys: StoreKeys): void {
  if (!isInForce({ raw }, keys))
    throw domainError(
      'master_key_wrong',
      'the store was put under another master key meanwhile: nothing is changed'
    )
}

/** Puts the store's root key under another master key, inside a transaction. Returns what wraps data keys from now on. */
export function replaceMasterKey(raw: DatabaseSync, keys: StoreKeys, masterKey: MasterKey): KeyObject {
  const wrapping = wrappingKeyOf(masterKey)
  writeMeta(raw, rootName, encryptedRoot(keys.material, wrapping))
  writeMeta(raw, checkName, checkOf(masterKey))
  return wrapping
}

/**
 * A new store gets a random root key of its own. Of two processes that start at once with different master keys, one is
 * first, and the other finds its check.
 */
function rememberMasterKey(raw: DatabaseSync, masterKey: MasterKey): void {
  inTransaction(raw, () => {
    if (readMeta(raw, checkName) !== undefined) return
    writeMeta(raw, checkName, checkOf(masterKey))
    writeMeta(raw, rootName, encryptedRoot(createSecretKey(randomBytes(32)), wrappingKeyOf(masterKey)))
  })
}

function openRoot(raw: DatabaseSync, masterKey: MasterKey, wrapping: KeyObject): KeyObject {
  try {
    return readRoot(raw, wrapping) ?? masterKey.material
  } catch (error) {
    if (!hasCode(error, 'credentials_damaged')) throw error
    throw domainError(
      'master_key_wrong',
      'the root key of the store does not open: the store was altered, restore a copy'
    )
  }
}

/** Null for a store from before there were root keys, which derives from its master key. Throws `credentials_damaged`. */
function readRoot(raw: DatabaseSync, wrapping: KeyObject): KeyObject | null {
  const encrypted = readMeta(raw, rootName)
  if (encrypted === undefined) return null
  return useOnce(decryptBytes(wrapping, Buffer.from(encrypted, 'hex'), rootName), root =>
    createSecretKey(root)
  )
}

function encryptedRoot(root: KeyObject, wrapping: KeyObject): string {
  return useOnce(root.export(), bytes => encryptBytes(wrapping, bytes, rootName).toString('hex'))
}

function checkOf(masterKey: MasterKey): string {
  return masterKey.derive('check').toString('hex')
}

function wrappingKeyOf(masterKey: MasterKey): KeyObject {
  return createSecretKey(masterKey.derive('credential-wrapping-key'))
}
