import { Type } from '@sinclair/typebox'
import type { QueryExecutor } from '../../admin/execute-query.ts'
import {
  adminHeaders,
  adminSecurity,
  GrantedConnector,
  Instant,
  KeyId,
  TenantName
} from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import type { LedgerEntry } from '../../ledger/entry/entry.ts'
import { type Outcome, outcomes } from '../../ledger/entry/terms.ts'
import type { Search } from '../../ledger/query/search.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'

const RequestId = Type.String({
  pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
  description: 'the X-Request-Id of a request'
})

/** By what a call was made, as the ledger names it. */
const Proof = Type.String({
  pattern: `${KeyId.pattern}|^jwt:[a-z0-9][a-z0-9._-]{0,59}$|^mtls:[0-9a-f]{16}$`,
  description:
    'the id of a key, or jwt: and the name of an issuer, or mtls: and the beginning of a fingerprint, 16 hex digits',
  examples: ['abcdefghijklmnop', 'jwt:company', 'mtls:0123456789abcdef']
})

const Query = Type.Object(
  {
    tenant: Type.Optional(TenantName),
    key_id: Type.Optional(Proof),
    connector_id: Type.Optional(GrantedConnector),
    kind: Type.Optional(
      Type.String({
        pattern: '^(?=.)[a-z_.]{0,64}[*]?$',
        description: 'a kind, or the beginning of one and a star: call.outcome, admin.*',
        examples: ['call.*']
      })
    ),
    code: Type.Optional(
      Type.String({ pattern: '^[a-z_]{1,64}$', description: 'accepted, or the code of a problem' })
    ),
    outcome: Type.Optional(
      Type.Unsafe<Outcome>({
        type: 'string',
        enum: [...outcomes],
        description: `one of ${outcomes.join(', ')}`
      })
    ),
    request_id: Type.Optional(RequestId),
    since: Type.Optional(Instant),
    until: Type.Optional(Instant),
    ...pageQuery,
    cursor: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'the next of an earlier page of this list' })
    )
  },
  strict
)

const Entry = Type.Unsafe<LedgerEntry>({
  type: 'object',
  description: 'An entry as `ledger export` prints it. Members that do not apply are absent.',
  required: ['writer', 'seq', 'at', 'kind', 'prev', 'hash'],
  properties: {
    writer: { type: 'string' },
    seq: { type: 'integer' },
    at: { type: 'string', format: 'date-time' },
    kind: { type: 'string' },
    prev: { type: 'string' },
    hash: { type: 'string' }
  }
})

const Story = Type.Object(
  { items: Type.Unsafe<readonly LedgerEntry[]>(Type.Array(Entry)), next: Type.Null() },
  { description: 'All entries of the request, oldest first.', headers: adminHeaders }
)

const shared = { tags: ['ledger'], security: adminSecurity }

/** /admin/ledger: the record of every call and every change. */
export const adminLedger: Route<{ reader: Pick<QueryExecutor, 'read'> }> = (scope, { reader }) => {
  scope.get(
    '/ledger',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'searchLedger',
        summary: 'Entries that fit every member of the query, newest first',
        ...shared,
        querystring: Query,
        response: {
          200: Page(Entry, { description: 'Entries.', headers: adminHeaders }),
          ...adminFailures({ fault: limitFault, asks: 'reader' })
        }
      }
    },
    function searchLedger(request) {
      const { limit, cursor } = pageSchema(request.query)
      const page = { limit, ...(cursor !== undefined && { cursor }) }
      return reader.read('entries', { search: toSearch(request.query), page })
    }
  )

  scope.get(
    '/ledger/:request_id',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'showRequest',
        summary: 'The whole story of one request',
        ...shared,
        params: Type.Object({ request_id: RequestId }, strict),
        querystring: noQuery,
        response: { 200: Story, ...adminFailures({ asks: 'reader', refusals: ['request_not_found'] }) }
      }
    },
    function showRequest(request) {
      return reader.read('story', { requestId: request.params.request_id })
    }
  )
}

function toSearch(query: (typeof Query)['static']): Search {
  const { tenant, key_id, connector_id, kind, code, outcome, request_id, since, until } = query
  return {
    ...(tenant !== undefined && { tenant }),
    ...(key_id !== undefined && { keyId: key_id }),
    ...(connector_id !== undefined && { connectorId: connector_id }),
    ...(kind !== undefined && { kind }),
    ...(code !== undefined && { code }),
    ...(outcome !== undefined && { outcome }),
    ...(request_id !== undefined && { requestId: request_id }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) })
  }
}
