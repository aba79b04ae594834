import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { matches } from '../../ledger/query/search.ts'
import type { MasterKey } from '../crypto/master-key.ts'
import { readMeta, writeMeta } from '../crypto/meta.ts'
import { type CredentialRows, readCredentialRows } from './credential-rows.ts'

/** What opens the rows: derived from the store's root key. */
type Deriving = Pick<MasterKey, 'derive'>

/**
 * Reads all that the store holds of credentials, and how often it was changed. A keyed digest over all rows shows whether one
 * was altered, moved or put back; the ledger shows whether all of them, and the digest, are older than the last change.
 * Throws `credentials_damaged`.
 */
export function readVerified(
  raw: DatabaseSync,
  keys: Deriving
): { readonly records: CredentialRows; readonly generation: number } {
  const records = readCredentialRows(raw)
  const { generation, mac } = readManifest(raw)
  const isEmpty = generation === 0 && records.credentials.length === 0 && records.versions.length === 0
  if (!isEmpty && !timingSafeEqual(mac, macOf(records, generation, keys)))
    throw domainError(
      'credentials_damaged',
      'the rows of credentials are not those that were stored: restore a copy of the store'
    )
  const recorded = recordedGeneration(raw)
  if (recorded > generation)
    throw domainError(
      'credentials_damaged',
      `the rows of credentials are an old copy (change ${generation}, the ledger knows ${recorded}): restore the newest`
    )
  return { records, generation }
}

/** Writes the digest of the rows as they are now, inside the transaction that changed them. */
export function writeManifest(raw: DatabaseSync, keys: Deriving, generation: number): void {
  const mac = macOf(readCredentialRows(raw), generation, keys).toString('hex')
  writeMeta(raw, 'credential_manifest', `${generation}.${mac}`)
}

function readManifest(raw: DatabaseSync): { generation: number; mac: Buffer } {
  const value = String(readMeta(raw, 'credential_manifest'))
  const [, generation = '0', mac = ''] = /^([0-9]{1,15})\.([0-9a-f]{64})$/.exec(value) ?? []
  return { generation: Number(generation), mac: Buffer.from(mac.padStart(64, '0'), 'hex') }
}

function macOf({ credentials, versions }: CredentialRows, generation: number, keys: Deriving): Buffer {
  const covered = {
    generation,
    credentials: credentials.map(record => Object.values(record)),
    versions: versions.map(record => Object.values(record))
  }
  const text = JSON.stringify(covered, (_, value) => (value instanceof Uint8Array ? digest(value) : value))
  return createHmac('sha256', keys.derive('credential-manifest')).update(text).digest()
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The number of the last change in the ledger; 0 when it holds none, or none any more. */
function recordedGeneration(raw: DatabaseSync): number {
  for (const { entry } of matches(raw, { kind: 'admin.credential.*' }, Number.MAX_SAFE_INTEGER))
    return Number(entry['generation'])
  return 0
}
