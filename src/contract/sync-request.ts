import { Type } from '@sinclair/typebox'
import { answerHeaders, CalendarDate, ConnectorId, limitHeaders, strict } from './schemas.ts'

/** The path of a sync. */
export const SyncParams = Type.Object({ id: ConnectorId }, strict)
/** What a caller asks for. */
export const SyncBody = Type.Object(
  { date_limit: Type.Optional(CalendarDate) },
  {
    ...strict,
    description:
      'a JSON object: {} for a sharepoint connector, {"date_limit":"YYYY-MM-DD"} for investment_research',
    examples: [{ date_limit: '2026-01-01' }, {}]
  }
)
/** The answer to a sync that the upstream has accepted. */
export const SyncAccepted = Type.Object(
  {
    connector_id: ConnectorId,
    date_limit: Type.Optional(CalendarDate),
    status: Type.String({ examples: ['accepted'] })
  },
  {
    description: 'The upstream has queued the sync run.',
    headers: { ...answerHeaders, ...limitHeaders },
    examples: [
      { connector_id: '019b76da-a800-7371-bf3c-a5acb5ac0e04', date_limit: '2026-01-01', status: 'accepted' },
      { connector_id: '019b76db-9260-72d0-adfa-3e776ab9d500', status: 'accepted' }
    ]
  }
)
