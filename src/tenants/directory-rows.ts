/**
 * The directory as plain data: it is read on the store's thread and posted to the thread that answers requests,
 * so it holds only what survives `postMessage`.
 */
export type DirectorySnapshot = {
  /** The last change that the rows surely include; the next read goes on from here. */
  readonly lastChange: number
  readonly tenants: readonly TenantRow[]
}

/** What changed since an earlier read. */
export type DirectoryChanges = DirectorySnapshot & {
  /** Every tenant that changed. One without a row in `tenants` is gone. */
  readonly changed: readonly string[]
}

/** A tenant, whole: its limits, its grants and the keys that can still be used. */
export type TenantRow = {
  readonly name: string
  readonly disabled: boolean
  /** Null takes the default. */
  readonly ratePerMinute: number | null
  /** Null takes the default. */
  readonly burst: number | null
  /** Lower-case connector ids; `*` stands for all. */
  readonly connectors: readonly string[]
  readonly keys: readonly KeyRow[]
}

/** A key that is not revoked. */
export type KeyRow = {
  readonly id: string
  readonly digest: Uint8Array
  /** Milliseconds since 1970; null for a key that does not expire. */
  readonly expiresAtMs: number | null
}
