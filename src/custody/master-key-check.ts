import type { Store } from '../store/store.ts'
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
export async function openMasterKeyOf(
  store: Store,
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  { createIfAbsent = false } = {}
): Promise<MasterKey> {
  const firstUse = (await readCheck(store)) === undefined
  const masterKey = openMasterKey(reference, env, { createIfAbsent: createIfAbsent && firstUse })
  await requireSameMasterKey(store, masterKey)
  return masterKey
}

/** Remembers the store's first master key; throws WrongMasterKey for any other. */
export async function requireSameMasterKey(store: Store, masterKey: MasterKey): Promise<void> {
  const check = masterKey.derive('check').toString('hex')
  const known = (await readCheck(store)) ?? (await rememberCheck(store, check))
  if (known !== check)
    throw new WrongMasterKey(
      'the store was made with another master key: give that one as GATEWAY_MASTER_KEY'
    )
}

async function rememberCheck(store: Store, check: string): Promise<string | undefined> {
  // Of two processes that start at once with different keys, one is first and the other finds its value here.
  await store.db
    .insertInto('meta')
    .values({ key: checkName, value: check })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  return await readCheck(store)
}

async function readCheck({ db }: Store): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', checkName).executeTakeFirst()
  return row?.value
}
