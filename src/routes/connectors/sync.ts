import { Type } from '@sinclair/typebox'
import { ofBodies, tenantProblems } from '../../contract/problem-responses.ts'
import {
  answerHeaders,
  CalendarDate,
  ConnectorId,
  limitHeaders,
  noQuery,
  strict,
  tenantSecurity
} from '../../contract/schemas.ts'
import type { Route } from '../../plugins/scope.ts'
import { callerOf } from '../../plugins/tenant-auth.ts'
import { requiredPermission } from '../../tenants/access-policy.ts'
import type { ContentApi } from '../../upstream/content-api.ts'

const Params = Type.Object({ id: ConnectorId }, strict)
const Body = Type.Object(
  { date_limit: Type.Optional(CalendarDate) },
  {
    ...strict,
    description:
      'a JSON object: {} for a sharepoint connector, {"date_limit":"YYYY-MM-DD"} for investment_research',
    examples: [{ date_limit: '2026-01-01' }, {}]
  }
)
const Accepted = Type.Object(
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

const refusals = tenantProblems({ pointer: '/date_limit', detail: `must be ${CalendarDate.description}` }, [
  ...ofBodies,
  'request_refused',
  'connector_not_found',
  'upstream_credential_rejected',
  'upstream_refused',
  'upstream_failed',
  'upstream_answer_invalid',
  'upstream_unreachable',
  'upstream_busy',
  'ledger_unavailable',
  'upstream_timeout'
])

type SyncDependencies = {
  readonly contentApi: Pick<ContentApi, 'startSync'>
  readonly operationId: string
  /** The scheme in its description. */
  readonly scheme: keyof typeof tenantSecurity
}

/** POST …/connectors/:id/sync asks the upstream to queue one sync run. It does not wait for the run to finish. */
export const syncConnector: Route<SyncDependencies> = (scope, { contentApi, operationId, scheme }) => {
  scope.post(
    '/connectors/:id/sync',
    {
      config: { ledger: 'connector.sync', permission: requiredPermission['connector.sync'] },
      schema: {
        operationId,
        summary: 'Trigger a sync of one connector',
        description:
          'The upstream starts a sync for each call. An Idempotency-Key is refused: before you repeat a call, look at `retryable` and `forwarded` of its problem.',
        tags: ['connectors'],
        security: tenantSecurity[scheme],
        params: Params,
        querystring: noQuery,
        body: Body,
        response: { 200: Accepted, ...refusals }
      }
    },
    function startSync(request) {
      return contentApi.startSync({
        call: request.call,
        caller: callerOf(request),
        connectorId: request.params.id,
        dateLimit: request.body.date_limit
      })
    }
  )
}
