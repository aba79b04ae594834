import type { Transaction } from 'kysely'
import type { AdminChange } from '../ledger/entry/admin-change.ts'
import { type Administrator, changeWithEntries } from '../ledger/writer/admin-entries.ts'
import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'

/** What every change to tenants, keys and grants is made with. */
export type TenantAdministration = {
  readonly store: Store
  readonly administrator: Administrator
  readonly clock: () => Date
}

/** The result of a change, and what it changed: nothing when all was already as asked. */
export type Changed<T> = { readonly result: T; readonly changes: readonly AdminChange[] }

/**
 * Runs a change in one transaction with its ledger entries and the notices by which running gateways read the tenants again:
 * all of it becomes durable, or nothing. `at` is the time of the change (RFC 3339, milliseconds, UTC).
 */
export async function changeInTransaction<T>(
  { store, administrator, clock }: TenantAdministration,
  work: (tx: Transaction<Tables>, at: string) => Promise<Changed<T>>
): Promise<T> {
  const at = clock()
  return await changeWithEntries(store, administrator, at, async tx => {
    const changed = await work(tx, at.toISOString())
    for (const tenant of new Set(changed.changes.flatMap(change => change.tenant ?? [])))
      await tx.insertInto('directory_change').values({ tenant }).execute()
    return changed
  })
}
