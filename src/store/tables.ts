import type { Generated } from 'kysely'

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
    /** From here on, lists with commas. What it may do; null permits every operation, an empty text none. */
    operations: string | null
    /** Address ranges from which it may call; null admits any address. */
    addresses: string | null
    /** Names of upstream credentials, the first to be tried first; null takes the default. */
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
    /** The key that took its place by a rotation. Null also for one rotated before stores kept it. */
    replaced_by: string | null
  }
  /** Apart from `api_key`, so that noting a use never touches a row that decides who may enter. */
  api_key_use: { key_id: string; last_used_at: string }
  /** `connector_id` is a lower-case UUID or `*`. */
  connector_grant: { tenant: string; connector_id: string; created_at: string }
  /** One row for each change to a tenant, its keys or its grants: running gateways read on from the last they saw. */
  directory_change: { id: Generated<number>; tenant: string }
  /** An upstream credential. Its rows are covered by a digest in `meta`: see custody/manage/manifest.ts. */
  credential: {
    name: string
    created_at: string
    removed_at: string | null
    /** The newest version ever made: numbers are never used again. */
    latest: number
    active: number
    /** The version before, which is tried when the upstream refuses the active one. */
    standby: number | null
    standby_until: string | null
    /** 1: it is made from GATEWAY_UPSTREAM_KEY and follows that setting. */
    follows_setting: number
  }
  credential_version: {
    credential: string
    version: number
    created_at: string
    /** `sealed`, or a reference: `env:NAME`, `file:PATH`, `exec:COMMAND`. */
    source: string
    fingerprint: string
    /** Of a sealed version: its data key, wrapped, and the key under that. */
    wrapped_key: Uint8Array | null
    sealed: Uint8Array | null
  }
  /** One row for each change to a credential: running gateways read on from the last they saw. */
  credential_change: { id: Generated<number>; credential: string }
  /** Never deleted from: how many there are, and how many of them are revoked, tells whether anything changed. */
  admin_key: {
    id: string
    /** What the administrator calls it. Two may have the same. */
    name: string
    role: 'viewer' | 'operator'
    /** HMAC-SHA256 of the secret under the pepper of admin keys. */
    digest: Uint8Array
    created_at: string
    expires_at: string | null
    revoked_at: string | null
  }
  writer: {
    id: string
    opened_at: string
    closed_at: string | null
    /** Every intent of this writer before this number has its outcome: recovery need not look there. */
    open_from: number
  }
  /**
   * The ledger: a row holds the entries that one transaction stored. `texts` is the only truth, one canonical entry a
   * line; what stands before it says which entries these are. The view `ledger` shows an entry a row.
   */
  ledger_batch: {
    /** The position of its first entry: entries are numbered from 1 in the order of their commits. */
    id: number
    entries: number
    writer: string
    /** The number of its first entry in its writer's chain. */
    first_seq: number
    /** 32 bytes for each entry. */
    hashes: Uint8Array
    texts: string
  }
  /** Entries up to `position` have been pruned; a signed entry says so. What is left of them is not read any more. */
  ledger_cut: { position: number }
  /** From here on, what searches use; made from the entries, and nothing that is proved rests on it. */
  ledger_segment: { id: number; first_at: string; last_at: string }
  ledger_term: { id: Generated<number>; field: string; value: string }
  ledger_posting: { term: number; segment: number; places: Uint8Array }
  ledger_request: { request_id: string; position: number }
}
