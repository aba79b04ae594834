import type { Generated } from 'kysely'

/** The tables of typed queries; `migrations.ts` makes them, and the ledger's. Times are RFC 3339, milliseconds, UTC. */
export type Tables = {
  meta: { key: string; value: string }
  tenant: {
    name: string
    created_at: string
    disabled_at: string | null
    /** Sustained rate of the tenant's own limit, requests per minute; null takes the default. */
    rate_per_minute: number | null
    /** Requests that may come at once; null takes the default. */
    burst: number | null
    /** This and the next two are lists with commas. Permissions; null permits all, an empty text none. */
    operations: string | null
    /** Address ranges from which it may call; null admits any address. */
    addresses: string | null
    /** Names of upstream credentials in the order in which calls try them; null takes the default. */
    credentials: string | null
  }
  api_key: {
    id: string
    tenant: string
    /** HMAC-SHA256 of the secret under the pepper. */
    digest: Uint8Array
    created_at: string
    expires_at: string | null
    revoked_at: string | null
    /** The key that replaced it by a rotation. Null also where it was rotated before stores had this column. */
    replaced_by: string | null
  }
  /** Apart from `api_key`, so that recording a use never touches a row that decides about access. */
  api_key_use: { key_id: string; last_used_at: string }
  /** `connector_id` is a lower-case UUID or `*`. */
  connector_grant: { tenant: string; connector_id: string; created_at: string }
  /** A row for each change to a tenant, its keys or grants: running gateways read on from the last they saw. */
  directory_change: { id: Generated<number>; tenant: string }
  /** An upstream credential. Its rows are covered by a digest in `meta`: see custody/manage/manifest.ts. */
  credential: {
    name: string
    created_at: string
    removed_at: string | null
    /** The newest version ever: numbers are not reused. */
    latest: number
    active: number
    /** The previous version, which is tried when the upstream rejects the active one. */
    standby: number | null
    standby_until: string | null
    /** 1: it follows GATEWAY_UPSTREAM_KEY. */
    follows_setting: number
  }
  credential_version: {
    credential: string
    version: number
    created_at: string
    /** `sealed`, or a reference: `env:NAME`, `file:PATH`, `exec:COMMAND`. */
    source: string
    fingerprint: string
    /** Of an encrypted version: its wrapped data key, and the key encrypted under that. */
    wrapped_key: Uint8Array | null
    sealed: Uint8Array | null
  }
  /** A row for each change to a credential, as `directory_change`. */
  credential_change: { id: Generated<number>; credential: string }
  /** Rows are never deleted: the counts of all and of revoked keys show whether anything changed. */
  admin_key: {
    id: string
    /** Not unique. */
    name: string
    role: 'viewer' | 'operator'
    /** HMAC-SHA256 of the secret under the pepper of admin keys. */
    digest: Uint8Array
    created_at: string
    expires_at: string | null
    revoked_at: string | null
  }
  /** Entries up to `position` have been pruned, by a signed entry. Those still in the table are no longer read. */
  ledger_cut: { position: number }
}
