import { Type } from '@sinclair/typebox'
import { Instant, KeyId, TenantName, Time, TimeOrNull } from '../../contract/admin-schemas.ts'
import { OneOf, strict } from '../../contract/schemas.ts'
import { type AdminOperation, list } from './operation.ts'

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
    description: 'a JSON object; the new key lives as long as the old one did unless expires_at is given',
    examples: [{}, { overlap_seconds: 3600 }]
  }
)
const facts = { tenant: TenantName, key_id: KeyId, created_at: Time, expires_at: TimeOrNull }
const keyFacts = {
  ...facts,
  state: OneOf(['active', 'expired', 'revoked']),
  revoked_at: TimeOrNull,
  last_used_at: TimeOrNull
}
const Key = Type.Object(keyFacts)
const shownOnce = { ...facts, key: Type.String({ description: 'The key. Only this answer shows it.' }) }
const IssuedKey = Type.Object(shownOnce, { description: 'The new key.' })
const RotatedKey = Type.Object(
  { ...shownOnce, replaces: Type.Object({ key_id: KeyId, expires_at: Time }) },
  { description: 'The new key, and the time until which the old one works.' }
)
const KeyRevoked = Type.Object(
  { ...keyFacts, changed: Type.Boolean({ description: 'False when the key was revoked already.' }) },
  { description: 'The key as it is now.' }
)

/** The keys of tenants. */
export const keyOperations = {
  listKeys: list('GET /tenants/:name/keys', 'List the keys of a tenant, oldest first', Key),
  issueKey: {
    route: 'POST /tenants/:name/keys',
    summary: 'Issue a key to a tenant and show it once',
    body: NewKey,
    result: IssuedKey,
    refusals: ['expiry_invalid']
  },
  rotateKey: {
    route: 'POST /keys/:key_id/rotate',
    summary: 'Replace a key with a new one; the old one works for a while longer',
    body: Rotation,
    result: RotatedKey,
    refusals: ['expiry_invalid', 'key_revoked', 'key_expired', 'key_replaced']
  },
  revokeKey: {
    route: 'DELETE /keys/:key_id',
    summary: 'Revoke a key for ever',
    result: KeyRevoked
  }
} as const satisfies Record<string, AdminOperation>
