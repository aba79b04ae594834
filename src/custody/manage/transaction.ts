import type { DatabaseSync } from 'node:sqlite'
import type { AdminChange } from '../../ledger/entry/admin-change.ts'
import { type Administrator, recordChanges } from '../../ledger/writer/admin-entries.ts'
import { acknowledge } from '../../ledger/writer/missing-entries.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import type { StoreKeys } from '../crypto/root-key.ts'
import type { CredentialRows } from './credential-rows.ts'
import { readProven, writeManifest } from './manifest.ts'

/** What every change to credentials is made with. */
export type CredentialAdministration = {
  readonly store: Pick<StoreFile, 'path' | 'raw' | 'requireInPlace' | 'requireWritten'>
  readonly keys: StoreKeys
  readonly administrator: Administrator
  readonly at: Date
}

/** A change to one credential, as the ledger tells it. */
export type CredentialChange = AdminChange & { kind: `admin.credential.${string}` }

/** A transaction that is open for a change, what it found, and what seals. */
export type CredentialTransaction = {
  readonly raw: DatabaseSync
  /** As they were when it began. */
  readonly records: CredentialRows
  readonly keys: StoreKeys
  /** The time of the change, RFC 3339, milliseconds, UTC. */
  readonly at: string
}

/** What came of the work, and what it changed: nothing when all was already as asked. */
export type CredentialsChanged<T> = { readonly result: T; readonly changes: readonly CredentialChange[] }

/**
 * Runs a change in one transaction with its ledger entries, the digest of the rows, and the notice that running gateways
 * follow. Throws CustodyBroken when the rows are not what was stored: then nothing is changed.
 */
export function changeCredentials<T>(
  { store, keys, administrator, at }: CredentialAdministration,
  work: (transaction: CredentialTransaction) => CredentialsChanged<T>
): T {
  const { raw } = store
  const { result, head } = inTransaction(raw, () => {
    const { result, changes } = changeCredentialsWithin({ raw, keys, at: at.toISOString() }, work)
    const head = changes.length > 0 ? recordChanges(raw, administrator, at.toISOString(), changes) : undefined
    store.requireInPlace()
    return { result, head }
  })
  if (head) acknowledge(store, head)
  return result
}

/**
 * The same inside a transaction that is open already and ends elsewhere. Its changes are for the ledger: who began the
 * transaction records them in it. Throws CustodyBroken.
 */
export function changeCredentialsWithin<T>(
  { raw, keys, at }: Omit<CredentialTransaction, 'records'>,
  work: (transaction: CredentialTransaction) => CredentialsChanged<T>
): CredentialsChanged<T> {
  const { records, generation: before } = readProven(raw, keys)
  const { result, changes } = work({ raw, records, keys, at })
  if (changes.length === 0) return { result, changes }
  const generation = before + 1
  writeManifest(raw, keys, generation)
  for (const { credential = 'all' } of changes)
    raw.prepare('INSERT INTO credential_change (credential) VALUES (?)').run(credential)
  return { result, changes: changes.map(change => ({ ...change, generation })) }
}
