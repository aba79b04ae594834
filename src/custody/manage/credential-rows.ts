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

export function readCredentialRows(raw: DatabaseSync): CredentialRows {
  return {
    credentials: raw
      .prepare(
        `SELECT name, created_at, removed_at, latest, active, standby, standby_until, follows_setting
         FROM credential ORDER BY name`
      )
      .all() as CredentialRow[],
    versions: raw
      .prepare(
        `SELECT credential, version, created_at, source, fingerprint, wrapped_key, sealed
         FROM credential_version ORDER BY credential, version`
      )
      .all() as VersionRow[]
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
  const { name, created_at, removed_at, latest, active, standby, standby_until, follows_setting } = record
  raw
    .prepare(
      `INSERT INTO credential
         (name, created_at, removed_at, latest, active, standby, standby_until, follows_setting)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET
         created_at = excluded.created_at, removed_at = excluded.removed_at, latest = excluded.latest,
         active = excluded.active, standby = excluded.standby, standby_until = excluded.standby_until,
         follows_setting = excluded.follows_setting`
    )
    .run(name, created_at, removed_at, latest, active, standby, standby_until, follows_setting)
}

export function insertVersion(raw: DatabaseSync, record: VersionRow): void {
  const { credential, version, created_at, source, fingerprint, wrapped_key, sealed } = record
  raw
    .prepare(
      `INSERT INTO credential_version
         (credential, version, created_at, source, fingerprint, wrapped_key, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)`
    )
    .run(credential, version, created_at, source, fingerprint, wrapped_key, sealed)
}

/** Deletes all versions of a credential but two at most. */
export function deleteVersionsBut(
  raw: DatabaseSync,
  credential: string,
  used: readonly (number | null)[]
): void {
  const [active = null, standby = null] = used
  raw
    .prepare('DELETE FROM credential_version WHERE credential = ? AND version IS NOT ? AND version IS NOT ?')
    .run(credential, active, standby)
}
