import { type Static, Type } from '@sinclair/typebox'
import { OneOf } from './schemas.ts'

/** One sync call as its tenant may see it. Members that do not apply are absent. */
export const SyncCall = Type.Object({
  request_id: Type.String({ description: 'The X-Request-Id of the call.' }),
  requested_at: Type.String({ format: 'date-time' }),
  status: OneOf(
    ['in_flight', 'accepted', 'failed', 'unknown'],
    'accepted: the upstream queued the sync; failed: it did not; unknown: it may have queued it, so check before you repeat the call.'
  ),
  date_limit: Type.Optional(Type.String({ format: 'date' })),
  key_id: Type.Optional(Type.String({ description: 'The key that made the call.' })),
  code: Type.Optional(
    Type.String({
      description: '`accepted`, a problem’s code, or `outcome_unknown` after a crash of the gateway.'
    })
  ),
  upstream_status: Type.Optional(Type.Integer()),
  upstream_request_id: Type.Optional(Type.String()),
  finished_at: Type.Optional(Type.String({ format: 'date-time' })),
  duration_ms: Type.Optional(Type.Integer({ description: 'Whole milliseconds from the request’s arrival.' }))
})
export type SyncCall = Static<typeof SyncCall>
