import type { DatabaseSync } from 'node:sqlite'
import { type AdminChange, type Administrator, recordChanges } from '../ledger/administer.ts'
import type { StoreFile } from '../store/store-file.ts'
import { readProven, writeManifest } from './credential-manifest.ts'
import type { CredentialRecords } from './credential-records.ts'
import type { StoreKeys } from './master-key-check.ts'

/** What every change to credentials is made with. */
export type CredentialAdministration = {
  readonly store: Pick<StoreFile, 'raw' | 'requireInPlace'>
  readonly keys: StoreKeys
  readonly administrator: Administrator
  readonly at: Date
}

/** A change to one credential, as the ledger tells it. */
export type CredentialChange = AdminChange & { kind: `admin.credential.${string}` }

/** What came of the work, and what it changed: nothing when all was already as asked. */
type Changed<T> = { readonly result: T; readonly changes: readonly CredentialChange[] }

/**
 * Runs a change in one transaction with its ledger entries, the digest of the rows, and the notice that running gateways
 * follow. Throws CustodyBroken when the rows are not what was stored: then nothing is changed.
 */
export function changeCredentials<T>(
  { store, keys, administrator, at }: CredentialAdministration,
  work: (raw: DatabaseSync, records: CredentialRecords, at: string) => Changed<T>
): T {
  const { raw } = store
  raw.exec('BEGIN IMMEDIATE')
  try {
    const { records, generation } = readProven(raw, keys)
    const { result, changes } = work(raw, records, at.toISOString())
    if (changes.length > 0) {
      const next = generation + 1
      writeManifest(raw, keys, next)
      for (const { credential = 'all' } of changes)
        raw.prepare('INSERT INTO credential_change (credential) VALUES (?)').run(credential)
      const entries = changes.map(change => ({ ...change, generation: next }))
      recordChanges(raw, administrator, at.toISOString(), entries)
    }
    store.requireInPlace()
    raw.exec('COMMIT')
    return result
  } finally {
    if (raw.isTransaction) raw.exec('ROLLBACK')
  }
}
