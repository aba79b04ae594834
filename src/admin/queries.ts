import type { DatabaseSync } from 'node:sqlite'
import type { PageRequest } from '../contract/pagination.ts'
import { Refusal } from '../contract/refusal.ts'
import { type Search, type SearchPage, searchLedger, storyOf } from '../ledger/query/search.ts'
import { unrecordedRequest } from '../ledger/query/unrecorded-request.ts'
import type { Queries } from '../store/queries.ts'
import { listGrants } from '../tenants/grants.ts'
import { listKeys } from '../tenants/keys/keys.ts'
import { listTenants, showTenant } from '../tenants/tenants.ts'

/** What a read is made with, on a thread that cannot write. */
export type ReadContext = Queries & { readonly raw: DatabaseSync }

type OfTenant = PageRequest & { readonly tenant: string }

/** Every question that can be asked of a running gateway, by its name: the same functions that the command line calls. */
export const administrativeReads = {
  tenants: (context: ReadContext, page: PageRequest) => listTenants(context, page),

  tenant: (context: ReadContext, { tenant }: { tenant: string }) => showTenant(context, tenant),

  keys: (context: ReadContext, { tenant, ...page }: OfTenant) => listKeys(context, tenant, new Date(), page),

  grants: (context: ReadContext, { tenant, ...page }: OfTenant) => listGrants(context, tenant, page),

  entries: async ({ raw }: ReadContext, { search, page }: { search: Search; page: SearchPage }) =>
    searchLedger(raw, search, page),

  story: async ({ raw }: ReadContext, { requestId }: { requestId: string }) => {
    const items = storyOf(raw, requestId)
    if (items.length === 0)
      throw new Refusal('request_not_found', unrecordedRequest(raw, requestId, new Date()).detail)
    return { items, next: null }
  }
} as const satisfies Record<string, (context: ReadContext, input: never) => Promise<unknown>>

type Reads = typeof administrativeReads
export type ReadName = keyof Reads
export type ReadInput<N extends ReadName> = Parameters<Reads[N]>[1]
export type ReadResult<N extends ReadName> = Awaited<ReturnType<Reads[N]>>

/** A question on its way to the thread that reads. */
export type ReadRequest = { readonly name: ReadName; readonly input: unknown }

/** Answers a question. Throws Refusal, or what the store throws. */
export async function makeRead(context: ReadContext, { name, input }: ReadRequest): Promise<unknown> {
  // The name and its input were paired by the compiler where the request was made.
  const read = administrativeReads[name] as (context: ReadContext, input: unknown) => Promise<unknown>
  return await read(context, input)
}
