import type { DatabaseSync } from 'node:sqlite'
import type { MasterKey } from './crypto/master-key.ts'
import { type CredentialRow, type CredentialRows, findVersion } from './manage/credential-rows.ts'
import { readProven } from './manage/manifest.ts'
import { shownReference } from './secrets/reference.ts'

/** A credential as it is shown to operators: where its key comes from and what tells it from others, never the key. */
export type CredentialView = {
  readonly credential: string
  readonly version: number
  /** `sealed`, or a reference. */
  readonly source: string
  readonly fingerprint: string
  /** RFC 3339, UTC: since when this version is known. */
  readonly since: string
  /** True when it is made from GATEWAY_UPSTREAM_KEY. */
  readonly follows_setting: boolean
  /** The version before, tried when the upstream refuses the active one. */
  readonly standby: { readonly version: number; readonly until: string } | null
}

/** All credentials by name. Throws CustodyBroken when the rows are not what was stored. */
export function listCredentials(
  raw: DatabaseSync,
  keys: Pick<MasterKey, 'derive'>,
  now: Date
): CredentialView[] {
  return viewsOf(readProven(raw, keys).records, now)
}

/** The credentials among records that are known to be what was stored, by name. */
export function viewsOf(records: CredentialRows, now: Date): CredentialView[] {
  return records.credentials
    .filter(({ removed_at }) => removed_at === null)
    .map(record => toView(record, records, now))
}

function toView(record: CredentialRow, records: CredentialRows, now: Date): CredentialView {
  const { name, active, standby, standby_until, follows_setting } = record
  const version = findVersion(records, name, active)
  const isOnStandby = standby !== null && standby_until !== null && standby_until > now.toISOString()
  return {
    credential: name,
    version: active,
    source: shownReference(version?.source ?? ''),
    fingerprint: version?.fingerprint ?? '',
    since: version?.created_at ?? record.created_at,
    follows_setting: follows_setting === 1,
    standby: isOnStandby ? { version: standby, until: standby_until } : null
  }
}
