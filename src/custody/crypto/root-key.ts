import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError, hasCode } from '../../contract/error-table.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import type { CommandOptions, Environment } from '../secrets/exec.ts'
import { decrypt, encrypt } from './envelope.ts'
import { isMissingFile, keyFrom, type MasterKey, openMasterKey } from './master-key.ts'

/**
 * The keys of one store. What is derived comes from the store's root key, and stays the same under another master key;
 * the master key only wraps the root key and the data keys of credentials.
 */
export type StoreKeys = MasterKey & {
  /** Wraps data keys. Another master key has another. */
  readonly wrapping: KeyObject
}

export type MasterKeyOptions = CommandOptions & {
  /** A missing file is made, but only for a store that has seen no master key yet. */
  readonly createIfAbsent?: boolean
}

const checkName = 'master_key_check'
const rootName = 'root_key'

/**
 * Opens the master key, checks it against the store, which remembers the one it was made with, and opens the keys of the
 * store. Throws SecretUnavailable, WrongMasterKey.
 */
export function openRootKey(
  { raw }: Pick<StoreFile, 'raw'>,
  reference: string,
  env: Environment,
  { createIfAbsent = false, ...options }: MasterKeyOptions = {}
): StoreKeys {
  const isNew = readMeta(raw, checkName) === undefined
  const masterKey = openMasterKey(reference, env, {
    ...options,
    createIfAbsent: createIfAbsent && isNew,
    isNew
  })
  if (isNew) rememberMasterKey(raw, masterKey, wrappingKeyOf(masterKey))
  return openKeysUnder({ raw }, masterKey)
}

/** What a master key is to a store that is only looked at. */
export type InspectedMasterKey =
  | { readonly state: 'fits'; readonly keys: StoreKeys }
  /** The store knows none yet: the first start takes this one, or makes it. */
  | { readonly state: 'taken_at_first_start' | 'made_at_first_start'; readonly keys: null }

/**
 * Opens the master key as `openRootKey` does, and makes and remembers nothing. `raw` is null when there is no store yet.
 * Throws SecretUnavailable, WrongMasterKey.
 */
export function inspectMasterKey(
  raw: DatabaseSync | null,
  reference: string,
  env: Environment,
  { createIfAbsent = false, ...options }: MasterKeyOptions = {}
): InspectedMasterKey {
  const isNew = raw === null || readMeta(raw, checkName) === undefined
  if (isNew && createIfAbsent && isMissingFile(reference)) return { state: 'made_at_first_start', keys: null }
  const masterKey = openMasterKey(reference, env, { ...options, isNew })
  if (isNew) return { state: 'taken_at_first_start', keys: null }
  return { state: 'fits', keys: openKeysUnder({ raw }, masterKey) }
}

/** Opens the keys of a store that has seen its master key. Throws WrongMasterKey. */
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

/** Whether the store's master key is still the one that these keys were opened with. */
export function isInForce({ raw }: Pick<StoreFile, 'raw'>, { wrapping }: StoreKeys): boolean {
  const root = readMeta(raw, rootName)
  if (root === undefined) return true
  try {
    decrypt(wrapping, Buffer.from(root, 'hex'), rootName).fill(0)
    return true
  } catch {
    return false
  }
}

/**
 * For what wraps by these keys, inside its transaction: what was wrapped under a master key that has been replaced
 * meanwhile would never open again. Throws WrongMasterKey.
 */
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
  const upsert = raw.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'
  )
  upsert.run(rootName, sealedRoot(keys.material, wrapping))
  upsert.run(checkName, checkOf(masterKey))
  return wrapping
}

/**
 * A new store gets a root key of its own, at random. Of two processes that start at once with different master keys, one
 * is first, and the other finds its check.
 */
function rememberMasterKey(raw: DatabaseSync, masterKey: MasterKey, wrapping: KeyObject): void {
  const insert = raw.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
  inTransaction(raw, () => {
    if (readMeta(raw, checkName) !== undefined) return
    insert.run(checkName, checkOf(masterKey))
    insert.run(rootName, sealedRoot(createSecretKey(randomBytes(32)), wrapping))
  })
}

/** A store from before there were root keys derives from its master key. */
function openRoot(raw: DatabaseSync, masterKey: MasterKey, wrapping: KeyObject): KeyObject {
  const sealed = readMeta(raw, rootName)
  if (sealed === undefined) return masterKey.material
  try {
    return createSecretKey(decrypt(wrapping, Buffer.from(sealed, 'hex'), rootName))
  } catch (error) {
    if (!hasCode(error, 'credentials_damaged')) throw error
    throw domainError(
      'master_key_wrong',
      'the root key of the store does not open: the store was altered, restore a copy'
    )
  }
}

function sealedRoot(root: KeyObject, wrapping: KeyObject): string {
  const bytes = root.export()
  const sealed = encrypt(wrapping, bytes, rootName).toString('hex')
  bytes.fill(0)
  return sealed
}

function checkOf(masterKey: MasterKey): string {
  return masterKey.derive('check').toString('hex')
}

function wrappingKeyOf(masterKey: MasterKey): KeyObject {
  return createSecretKey(masterKey.derive('credential-wrapping-key'))
}

function readMeta(raw: DatabaseSync, name: string): string | undefined {
  return raw.prepare('SELECT value FROM meta WHERE key = ?').get(name)?.['value'] as string | undefined
}
