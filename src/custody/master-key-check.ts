import type { StoreFile } from '../store/store-file.ts'
import { type MasterKey, openMasterKey } from './master-key.ts'

/** The store was made with another master key: nothing sealed or issued under that one would work. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey'
}

const checkName = 'master_key_check'

/**
 * Opens the master key and checks it against the store, which remembers the first one it was used with.
 * With `createIfAbsent`, a missing file is made only for a store that has seen no master key yet.
 * Throws SecretUnavailable, WrongMasterKey.
 */
export function openMasterKeyOf(
  store: StoreFile,
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  { createIfAbsent = false } = {}
): MasterKey {
  const firstUse = readCheck(store) === undefined
  const masterKey = openMasterKey(reference, env, { createIfAbsent: createIfAbsent && firstUse })
  requireSameMasterKey(store, masterKey)
  return masterKey
}

/** Remembers the store's first master key; throws WrongMasterKey for any other. */
function requireSameMasterKey(store: StoreFile, masterKey: MasterKey): void {
  const check = masterKey.derive('check').toString('hex')
  const known = readCheck(store) ?? rememberCheck(store, check)
  if (known !== check)
    throw new WrongMasterKey(
      'the store was made with another master key: give that one as GATEWAY_MASTER_KEY'
    )
}

function rememberCheck(store: StoreFile, check: string): string | undefined {
  // Of two processes that start at once with different keys, one is first and the other finds its value here.
  store.raw
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING')
    .run(checkName, check)
  return readCheck(store)
}

function readCheck({ raw }: StoreFile): string | undefined {
  const row = raw.prepare('SELECT value FROM meta WHERE key = ?').get(checkName)
  return row?.['value'] as string | undefined
}
