import type { Generated, GeneratedAlways } from 'kysely'

/** The tables as TypeScript sees them; `migrations.ts` makes them. Times are RFC 3339, milliseconds, UTC. */
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
  }
  api_key: {
    id: string
    tenant: string
    /** HMAC-SHA256 of the secret under the pepper. */
    digest: Uint8Array
    created_at: string
    expires_at: string | null
    revoked_at: string | null
  }
  /** Apart from `api_key`, so that noting a use never touches a row that decides who may enter. */
  api_key_use: { key_id: string; last_used_at: string }
  /** `connector_id` is a lower-case UUID or `*`. */
  connector_grant: { tenant: string; connector_id: string; created_at: string }
  /** One row for each change to a tenant, its keys or its grants: running gateways read on from the last they saw. */
  directory_change: { id: Generated<number>; tenant: string }
  writer: {
    id: string
    opened_at: string
    closed_at: string | null
    /** Every intent of this writer before this number has its outcome: recovery need not look there. */
    open_from: number
  }
  /** `entry` is the only truth; the columns below `hash` are computed from it by SQLite, for its indexes. */
  ledger: {
    id: Generated<number>
    entry: string
    hash: Uint8Array
    writer: GeneratedAlways<string>
    seq: GeneratedAlways<number>
    kind: GeneratedAlways<string>
    request_id: GeneratedAlways<string | null>
    attempt: GeneratedAlways<number | null>
  }
}
