import type { DatabaseSync } from 'node:sqlite'
import type { AdminChange } from '../../ledger/entry/admin-change.ts'
import { type Administrator, recordChanges } from '../../ledger/writer/admin-entries.ts'
import { acknowledge } from '../../ledger/writer/missing-entries.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { inTransaction } from '../../store/sqlite/transaction.ts'
import type { StoreKeys } from '../crypto/root-key.ts'
import type { CredentialRows } from './credential-rows.ts'
import { readVerified, writeManifest } from './manifest.ts'

/** What every change to credentials is made with. */
export type CredentialAdministration = {
  readonly store: Pick<StoreFile, 'path' | 'raw' | 'requireInPlace' | 'requireWritten'>
  readonly keys: StoreKeys
  readonly administrator: Administrator
  readonly at: Date
}

/** A change to credentials, as the ledger records it. */
export type CredentialChange = AdminChange & { kind: `admin.credential.${string}` }

/** An open transaction, for the operations of this folder. */
export type CredentialTransaction = {
  readonly raw: DatabaseSync
  /** As they were when the transaction began. */
  readonly records: CredentialRows
  readonly keys: StoreKeys
  /** The time of the change, RFC 3339, milliseconds, UTC. */
  readonly at: string
  /** Each operation adds what it changed. Without a change nothing is written. */
  readonly changes: CredentialChange[]
}

/**
 * Runs one operation in a transaction with its ledger entries, the digest of the rows, and the notice that running gateways
 * follow. When it throws, nothing is changed: `credentials_damaged`, or what the operation throws.
 */
export function changeCredentials<Input extends unknown[], Result>(
  { store, keys, administrator, at }: CredentialAdministration,
  operation: (transaction: CredentialTransaction, ...input: Input) => Result,
  ...input: Input
): Result {
  const { raw } = store
  const time = at.toISOString()
  const { result, head } = inTransaction(raw, () => {
    const { result, changes } = changeCredentialsWithin({ raw, keys, at: time }, transaction =>
      operation(transaction, ...input)
    )
    const head = changes.length > 0 ? recordChanges(raw, administrator, time, changes) : undefined
    store.requireInPlace()
    return { result, head }
  })
  if (head) acknowledge(store, head)
  return result
}

/** The same inside an open transaction, whose owner records the changes in the ledger. Throws `credentials_damaged`. */
export function changeCredentialsWithin<Result>(
  { raw, keys, at }: Pick<CredentialTransaction, 'raw' | 'keys' | 'at'>,
  work: (transaction: CredentialTransaction) => Result
): { readonly result: Result; readonly changes: readonly CredentialChange[] } {
  const { records, generation: before } = readVerified(raw, keys)
  const changes: CredentialChange[] = []
  const result = work({ raw, records, keys, at, changes })
  if (changes.length === 0) return { result, changes }
  const generation = before + 1
  writeManifest(raw, keys, generation)
  for (const { credential = 'all' } of changes)
    raw.prepare('INSERT INTO credential_change (credential) VALUES (?)').run(credential)
  return { result, changes: changes.map(change => ({ ...change, generation })) }
}
