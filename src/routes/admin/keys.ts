import { Type } from '@sinclair/typebox'
import type { CommandExecutor } from '../../admin/execute-command.ts'
import type { QueryExecutor } from '../../admin/execute-query.ts'
import {
  adminHeaders,
  adminSecurity,
  Instant,
  KeyId,
  TenantName,
  Time,
  TimeOrNull
} from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { ofBodies } from '../../contract/problem-responses.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'
import type { KeyState } from '../../tenants/keys/key-life.ts'

const OfTenant = Type.Object({ name: TenantName }, strict)
const OfKey = Type.Object({ key_id: KeyId }, strict)

const Expiry = Type.Optional(
  Type.Unsafe<string | null>({
    ...Instant,
    type: ['string', 'null'],
    description: `${Instant.description}, or null for never`
  })
)
const NewKey = Type.Object(
  { expires_at: Expiry },
  {
    ...strict,
    description: 'a JSON object: {} for a key that does not expire, or {"expires_at":"2027-01-31T12:00:00Z"}',
    examples: [{}, { expires_at: '2027-01-31T12:00:00Z' }]
  }
)
const longestOverlapSeconds = 36_500 * 86_400
const Rotation = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: longestOverlapSeconds,
        description: `a whole number from 0 to ${longestOverlapSeconds}; 86400 (a day) when left out`
      })
    ),
    expires_at: Expiry
  },
  {
    ...strict,
    description:
      'a JSON object; the new key gets as long a life as the old one had unless expires_at says otherwise',
    examples: [{}, { overlap_seconds: 3600 }]
  }
)
const defaultOverlapSeconds = 86_400

const facts = { tenant: TenantName, key_id: KeyId, created_at: Time, expires_at: TimeOrNull }
const keyFacts = {
  ...facts,
  state: Type.Unsafe<KeyState>({
    type: 'string',
    enum: ['active', 'expired', 'revoked']
  }),
  revoked_at: TimeOrNull,
  last_used_at: TimeOrNull
}
const Key = Type.Object(keyFacts)
const shownOnce = { ...facts, key: Type.String({ description: 'The key. It is told only here.' }) }
const IssuedKey = Type.Object(shownOnce, { description: 'The new key.', headers: adminHeaders })
const RotatedKey = Type.Object(
  { ...shownOnce, replaces: Type.Object({ key_id: KeyId, expires_at: Time }) },
  { description: 'The new key, and until when the old one works.', headers: adminHeaders }
)
const KeyRevoked = Type.Object(
  { ...keyFacts, changed: Type.Boolean({ description: 'False when it was revoked before.' }) },
  { description: 'The key as it is now.', headers: adminHeaders }
)

type Dependencies = {
  reader: Pick<QueryExecutor, 'read'>
  administration: Pick<CommandExecutor, 'execute'>
}

const shared = { tags: ['keys'], security: adminSecurity }

/** /admin/tenants/:name/keys and /admin/keys/:key_id: the keys of tenants. */
export const adminKeys: Route<Dependencies> = (scope, dependencies) => {
  addOfTenant(scope, dependencies)
  addOfKey(scope, dependencies)
}

const addOfTenant: Route<Dependencies> = (scope, { reader, administration }) => {
  scope.get(
    '/tenants/:name/keys',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listKeys',
        summary: 'The keys of a tenant, oldest first',
        ...shared,
        params: OfTenant,
        querystring: Type.Object(pageQuery, strict),
        response: {
          200: Page(Key, { description: 'Keys, oldest first.', headers: adminHeaders }),
          ...adminFailures({
            fault: limitFault,
            asks: 'reader',
            refusals: ['cursor_invalid', 'tenant_not_found']
          })
        }
      }
    },
    function listKeys(request) {
      return reader.read('keys', { tenant: request.params.name, ...pageSchema(request.query) })
    }
  )

  scope.post(
    '/tenants/:name/keys',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'issueKey',
        summary: 'Issue a key to a tenant; it is told only in this answer',
        ...shared,
        params: OfTenant,
        querystring: noQuery,
        body: NewKey,
        response: {
          201: IssuedKey,
          ...adminFailures({
            asks: 'change',
            problems: ofBodies,
            refusals: ['expiry_invalid', 'tenant_not_found']
          })
        }
      }
    },
    async function issueKey(request, reply) {
      reply.code(201)
      return await administration.execute(administratorOf(request), 'issueKey', {
        tenant: request.params.name,
        expiresAt: toDate(request.body.expires_at) ?? null
      })
    }
  )
}

const addOfKey: Route<Dependencies> = (scope, { administration }) => {
  scope.post(
    '/keys/:key_id/rotate',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'rotateKey',
        summary: 'Issue a key in place of another, which works on for a while',
        ...shared,
        params: OfKey,
        querystring: noQuery,
        body: Rotation,
        response: {
          201: RotatedKey,
          ...adminFailures({
            asks: 'change',
            problems: ofBodies,
            refusals: ['expiry_invalid', 'key_not_found', 'key_revoked', 'key_expired', 'key_replaced']
          })
        }
      }
    },
    async function rotateKey(request, reply) {
      const { overlap_seconds: overlap = defaultOverlapSeconds, expires_at } = request.body
      reply.code(201)
      return await administration.execute(administratorOf(request), 'rotateKey', {
        keyId: request.params.key_id,
        overlapMs: overlap * 1000,
        expiresAt: toDate(expires_at)
      })
    }
  )

  scope.delete(
    '/keys/:key_id',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'revokeKey',
        summary: 'Refuse a key from now on, for ever',
        ...shared,
        params: OfKey,
        querystring: noQuery,
        response: {
          200: KeyRevoked,
          ...adminFailures({
            asks: 'change',
            problems: ['media_type_unsupported'],
            refusals: ['key_not_found']
          })
        }
      }
    },
    function revokeKey(request) {
      return administration.execute(administratorOf(request), 'revokeKey', { keyId: request.params.key_id })
    }
  )
}

function toDate(text: string | null | undefined): Date | null | undefined {
  return typeof text === 'string' ? new Date(text) : text
}
