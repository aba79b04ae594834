import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../contract/error-table.ts'
import { entriesOfRequest, searchLedger } from '../ledger/query/search.ts'
import { unrecordedRequest } from '../ledger/query/unrecorded-request.ts'
import type { Queries } from '../store/queries.ts'
import { listGrants } from '../tenants/grants.ts'
import { listKeys } from '../tenants/keys/keys.ts'
import { listTenants, showTenant } from '../tenants/tenants.ts'
import type { Functions, QueryName } from './operations/operation-table.ts'

/** What a query reads, on a thread that cannot write. */
export type QueryContext = Queries & { readonly raw: DatabaseSync }

/** Every query that administrators make over HTTP, by the functions that the command line calls too. */
const queries: Functions<'query', QueryContext> = {
  listTenants,

  showTenant: (context, { name }) => showTenant(context, name),

  listKeys: (context, { name, ...page }) => listKeys(context, name, new Date(), page),

  listGrants: (context, { name, ...page }) => listGrants(context, name, page),

  searchLedger({ raw }, { limit, cursor, since, until, ...query }) {
    const search = {
      ...query,
      keyId: query.key_id,
      connectorId: query.connector_id,
      requestId: query.request_id,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until)
    }
    return searchLedger(raw, search, { limit, cursor })
  },

  showRequest({ raw }, { request_id: requestId }) {
    const items = entriesOfRequest(raw, requestId)
    if (items.length > 0) return { items, next: null }
    throw domainError('request_not_found', unrecordedRequest(raw, requestId, new Date()).detail)
  }
}

/** A query on its way to the thread that reads. */
export type QueryRequest = { readonly name: QueryName; readonly input: unknown }

/** Answers a query. Throws a refusal, or what the store throws. */
export async function runQuery(context: QueryContext, { name, input }: QueryRequest): Promise<unknown> {
  // The compiler paired the name and its input where the request was made.
  const read = queries[name] as (context: QueryContext, input: unknown) => unknown
  return await read(context, input)
}
