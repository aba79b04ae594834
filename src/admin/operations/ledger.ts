import { Type } from '@sinclair/typebox'
import { GrantedConnector, Instant, KeyId, RequestId, TenantName } from '../../contract/admin-schemas.ts'
import { Page, pageQuery } from '../../contract/page-schemas.ts'
import { OneOf } from '../../contract/schemas.ts'
import type { LedgerEntry } from '../../ledger/entry/entry.ts'
import { outcomes } from '../../ledger/entry/terms.ts'
import type { AdminOperation } from './operation.ts'

/** What authenticated a call, as the ledger names it. */
const Proof = Type.String({
  pattern: `${KeyId.pattern}|^jwt:[a-z0-9][a-z0-9._-]{0,59}$|^mtls:[0-9a-f]{16}$`,
  description:
    'the id of a key, jwt: and the name of an issuer, or mtls: and the first 16 hex digits of a fingerprint',
  examples: ['abcdefghijklmnop', 'jwt:company', 'mtls:0123456789abcdef']
})

const searchQuery = {
  tenant: Type.Optional(TenantName),
  key_id: Type.Optional(Proof),
  connector_id: Type.Optional(GrantedConnector),
  kind: Type.Optional(
    Type.String({
      pattern: '^(?=.)[a-z_.]{0,64}[*]?$',
      description: 'a kind, or the beginning of one and a star, such as call.outcome or admin.*',
      examples: ['call.*']
    })
  ),
  code: Type.Optional(
    Type.String({ pattern: '^[a-z_]{1,64}$', description: 'accepted, or the code of a problem' })
  ),
  outcome: Type.Optional(OneOf(outcomes)),
  request_id: Type.Optional(RequestId),
  since: Type.Optional(Instant),
  until: Type.Optional(Instant),
  ...pageQuery,
  cursor: Type.Optional(
    Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'the next of an earlier page of this list' })
  )
}

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
  { description: 'All entries of the request, oldest first.' }
)

/** The record of every call and every change. */
export const ledgerOperations = {
  searchLedger: {
    route: 'GET /ledger',
    summary: 'Search entries that match every member of the query, newest first',
    query: searchQuery,
    result: Page(Entry, { description: 'Entries.' })
  },
  showRequest: {
    route: 'GET /ledger/:request_id',
    summary: 'Show all entries of one request',
    result: Story
  }
} as const satisfies Record<string, AdminOperation>
