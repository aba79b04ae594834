import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../contract/error-table.ts'
import type { PageRequest } from '../contract/pagination.ts'
import { entriesOfRequest, type Search, searchLedger } from '../ledger/query/search.ts'
import { unrecordedRequest } from '../ledger/query/unrecorded-request.ts'
import type { Queries } from '../store/queries.ts'
import { listGrants } from '../tenants/grants.ts'
import { listKeys } from '../tenants/keys/keys.ts'
import { listTenants, showTenant } from '../tenants/tenants.ts'

/** What a read is made with, on a thread that cannot write. */
export type QueryContext = Queries & { readonly raw: DatabaseSync }

type OfTenant = PageRequest & { readonly tenant: string }

/** Every question that can be asked of a running gateway, by its name: the same functions that the command line calls. */
export const queries = {
  tenants: (context: QueryContext, page: PageRequest) => listTenants(context, page),

  tenant: (context: QueryContext, { tenant }: { tenant: string }) => showTenant(context, tenant),

  keys: (context: QueryContext, { tenant, ...page }: OfTenant) => listKeys(context, tenant, new Date(), page),

  grants: (context: QueryContext, { tenant, ...page }: OfTenant) => listGrants(context, tenant, page),

  entries: async ({ raw }: QueryContext, { search, page }: { search: Search; page: PageRequest }) =>
    searchLedger(raw, search, page),

  story: async ({ raw }: QueryContext, { requestId }: { requestId: string }) => {
    const items = entriesOfRequest(raw, requestId)
    if (items.length === 0)
      throw domainError('request_not_found', unrecordedRequest(raw, requestId, new Date()).detail)
    return { items, next: null }
  }
} as const satisfies Record<string, (context: QueryContext, input: never) => Promise<unknown>>

type Reads = typeof queries
export type QueryName = keyof Reads
export type QueryInput<N extends QueryName> = Parameters<Reads[N]>[1]
export type QueryResult<N extends QueryName> = Awaited<ReturnType<Reads[N]>>

/** A question on its way to the thread that reads. */
export type QueryRequest = { readonly name: QueryName; readonly input: unknown }

/** Answers a question. Throws a refusal, or what the store throws. */
export async function runQuery(context: QueryContext, { name, input }: QueryRequest): Promise<unknown> {
  // The name and its input were paired by the compiler where the request was made.
  const read = queries[name] as (context: QueryContext, input: unknown) => Promise<unknown>
  return await read(context, input)
}
