import type { KeyRow } from './keys/key-row.ts'
import type { TenantFacts } from './tenant.ts'

/**
 * The directory as plain data, its first page: it is read on the store's thread and posted to the thread that answers requests,
 * so it holds only what survives `postMessage`.
 */
export type DirectorySnapshot = TenantPage & {
  /** The last change that the rows surely include; the next read goes on from here. */
  readonly lastChange: number
}

/** Some of the tenants, in the order of names. All at once would take as much memory again as the directory itself. */
export type TenantPage = {
  readonly tenants: readonly TenantRow[]
  /** The last of them; more come after it. Null on the last page. */
  readonly next: string | null
}

/** What changed since an earlier read. */
export type DirectoryChanges = {
  /** The last change that is included. */
  readonly lastChange: number
  /** Every tenant that changed. One without a row in `tenants` is gone. */
  readonly changed: readonly string[]
  readonly tenants: readonly TenantRow[]
}

/** A tenant with its keys that are not revoked, and those that were revoked last. */
export type TenantRow = TenantFacts & { readonly keys: readonly KeyRow[] }
