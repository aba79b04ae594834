import { Type } from '@sinclair/typebox'
import { answerHeaders, ConnectorId, nameForm, nameInWords, noStoreHeaders, strict } from './schemas.ts'

/** A tenant's name. */
export const TenantName = Type.String({
  pattern: nameForm,
  description: nameInWords,
  examples: ['acme']
})

/** The name of an upstream credential. */
export const CredentialName = Type.String({
  pattern: nameForm,
  description: nameInWords,
  examples: ['default']
})

/** The id of a key, of a tenant's or an admin key: never the key. */
export const KeyId = Type.String({
  pattern: '^[a-z2-7]{16}$',
  description: 'the id of a key, 16 characters of a-z and 2-7',
  examples: ['abcdefghijklmnop']
})

export const RequestId = Type.String({
  pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
  description: 'the X-Request-Id of a request'
})

/** A connector, or `*` for every one. */
export const GrantedConnector = Type.String({
  pattern: `${ConnectorId.pattern}|^\\*$`,
  description: 'a UUID, in any case, or * for every connector',
  examples: ['019b76da-a800-7371-bf3c-a5acb5ac0e04', '*']
})

/**
 * A time with its offset, as text. The format rejects days that no calendar has, the pattern leap seconds, which a `Date` cannot
 * hold.
 */
export const Instant = Type.String({
  pattern:
    '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$',
  format: 'date-time',
  description: 'an RFC 3339 time, such as 2027-01-31T12:00:00Z',
  examples: ['2027-01-31T12:00:00Z']
})

/** A time in an answer. */
export const Time = Type.String({ format: 'date-time' })
export const TimeOrNull = Type.Union([Time, Type.Null()])

/** The parameters in paths under /admin. */
export const PathParameters = Type.Object(
  {
    name: TenantName,
    connector: GrantedConnector,
    key_id: KeyId,
    credential: CredentialName,
    request_id: RequestId
  },
  strict
)

/** Headers of every answer under /admin. */
export const adminHeaders = { ...answerHeaders, ...noStoreHeaders }

/** Every route under /admin is described as needing an admin key, by one scheme: see `tenantSecurity`. */
export const adminSecurity = [{ bearer: [] }]
