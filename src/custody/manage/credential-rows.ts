import type { DatabaseSync } from 'node:sqlite'
import type { Tables } from '../../store/tables.ts'

export type CredentialRow = Tables['credential']
export type VersionRow = Tables['credential_version']

/** All that the store holds of credentials. */
export type CredentialRows = {
  /** In the order of their names, removed ones too. */
  readonly credentials: readonly CredentialRow[]
  /** In the order of names and versions. */
  readonly versions: readonly VersionRow[]
}

// The digest of the manifest covers the values in this order.
const credentialColumns =
  'name, created_at, removed_at, latest, active, standby, standby_until, follows_setting'
const versionColumns = 'credential, version, created_at, source, fingerprint, wrapped_key, sealed'

export function readCredentialRows(raw: DatabaseSync): CredentialRows {
  const versions = raw.prepare(
    `SELECT ${versionColumns} FROM credential_version ORDER BY credential, version`
  )
  return {
    credentials: raw
      .prepare(`SELECT ${credentialColumns} FROM credential ORDER BY name`)
      .all() as CredentialRow[],
    versions: versions.all() as VersionRow[]
  }
}

/** A credential that has not been removed, or undefined. */
export function findCredential(records: CredentialRows, name: string): CredentialRow | undefined {
  return records.credentials.find(record => record.name === name && record.removed_at === null)
}

/** A credential that has not been removed, its active version, and the source of that ('' when the version's row is lost). */
export type ActiveCredential = {
  readonly record: CredentialRow
  readonly version: VersionRow | undefined
  readonly source: string
}

export function activeCredentials(records: CredentialRows): ActiveCredential[] {
  return records.credentials
    .filter(({ removed_at }) => removed_at === null)
    .map(record => {
      const version = findVersion(records, record.name, record.active)
      return { record, version, source: version?.source ?? '' }
    })
}

export function findVersion(
  { versions }: CredentialRows,
  credential: string,
  version: number | null
): VersionRow | undefined {
  return versions.find(record => record.credential === credential && record.version === version)
}

/** The number of the next version. A credential that was removed goes on counting: no number is used twice. */
export function nextVersion({ credentials }: CredentialRows, name: string): number {
  return (credentials.find(record => record.name === name)?.latest ?? 0) + 1
}

/** A credential before its first version. */
export function newCredential(records: CredentialRows, name: string, created_at: string): CredentialRow {
  const latest = nextVersion(records, name) - 1
  return {
    name,
    created_at,
    removed_at: null,
    latest,
    active: latest,
    standby: null,
    standby_until: null,
    follows_setting: 0
  }
}

/** Inserts a credential, or replaces its row. */
export function writeCredential(raw: DatabaseSync, record: CredentialRow): void {
  const updates = credentialColumns.replace(/\w+/g, '$& = excluded.$&')
  insert(raw, 'credential', credentialColumns, record, `ON CONFLICT (name) DO UPDATE SET ${updates}`)
}

export function insertVersion(raw: DatabaseSync, record: VersionRow): void {
  insert(raw, 'credential_version', versionColumns, record)
}

function insert(
  raw: DatabaseSync,
  table: string,
  columns: string,
  record: CredentialRow | VersionRow,
  conflict = ''
): void {
  const values = columns.replace(/\w+/g, ':$&')
  raw.prepare(`INSERT INTO ${table} (${columns}) VALUES (${values}) ${conflict}`).run(record)
}

/** Deletes all versions of a credential but two at most. */
export function deleteVersionsBut(
  raw: DatabaseSync,
  credential: string,
  active: number | null,
  standby: number | null
): void {
  raw
    .prepare('DELETE FROM credential_version WHERE credential = ? AND version IS NOT ? AND version IS NOT ?')
    .run(credential, active, standby)
}
