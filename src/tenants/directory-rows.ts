import type { KeyRow } from './keys/key-row.ts'
import type { TenantColumns } from './tenant.ts'

/** The first page of the directory. The store's thread posts it to the thread that answers: plain data. */
export type DirectorySnapshot = TenantPage & {
  /** The last change that the rows surely include: the next read continues from here. */
  readonly lastChange: number
}

/** Tenants in the order of names: all at once would double the memory of the directory. */
export type TenantPage = {
  readonly tenants: readonly TenantRow[]
  /** The name that the next page follows; null on the last page. */
  readonly next: string | null
}

/** What changed since an earlier read. */
export type DirectoryChanges = {
  /** The last change that is included. */
  readonly lastChange: number
  /** Every changed tenant. One without a row in `tenants` is gone. */
  readonly changed: readonly string[]
  readonly tenants: readonly TenantRow[]
}

/** A tenant with its keys that are not revoked, and those that were revoked last. */
export type TenantRow = TenantColumns & { readonly keys: readonly KeyRow[] }
