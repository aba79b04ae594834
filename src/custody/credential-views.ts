import { activeCredentials, type CredentialRows } from './manage/credential-rows.ts'
import { shownReference } from './secrets/reference.ts'

/** A credential as operators see it: where its key comes from and what tells it from others, never the key. */
export type CredentialView = {
  readonly credential: string
  readonly version: number
  /** `sealed`, or a reference. */
  readonly source: string
  readonly fingerprint: string
  /** RFC 3339, UTC: since when this version is known. */
  readonly since: string
  /** Whether GATEWAY_UPSTREAM_KEY gives the key. */
  readonly follows_setting: boolean
  /** The version before, tried when the upstream rejects the active one. */
  readonly standby: { readonly version: number; readonly until: string } | null
}

/** The credentials by name, from rows that `readProven` has read. */
export function viewsOf(records: CredentialRows, now: Date): CredentialView[] {
  return activeCredentials(records).map(({ record, version, source }) => {
    const { standby, standby_until } = record
    const isOnStandby = standby !== null && standby_until !== null && standby_until > now.toISOString()
    return {
      credential: record.name,
      version: record.active,
      source: shownReference(source),
      fingerprint: version?.fingerprint ?? '',
      since: version?.created_at ?? record.created_at,
      follows_setting: record.follows_setting === 1,
      standby: isOnStandby ? { version: standby, until: standby_until } : null
    }
  })
}
